using System.Numerics;

namespace FastAttn.Toeplitz;

/// <summary>Powers of two, one a column, on the way between a matrix and a product's packed rows.</summary>
internal readonly unsafe struct ColumnScaling(float* first, float* second)
{
    /// <summary>Two factors of half the exponent each: 2^±250 is no float32.</summary>
    public static (float First, float Second) Factors(int exponent) =>
        exponent == 0 ? (1, 1) : (MathF.ScaleB(1, exponent / 2), MathF.ScaleB(1, exponent - (exponent / 2)));

    /// <summary>True when nothing is scaled.</summary>
    public bool IsOne(int width) =>
        !new ReadOnlySpan<float>(first, width).ContainsAnyExcept(1f) && !new ReadOnlySpan<float>(second, width).ContainsAnyExcept(1f);

    /// <summary>Writes rows times the factors, or adds them to what is there, four vectors of columns at a time.</summary>
    public void Move<TTarget>(float* source, nint sourceStride, int rows, int width, float* target, nint targetStride)
        where TTarget : struct, ITarget
    {
        int lanes = Vector<float>.Count, column = 0;
        for (; column <= width - (4 * lanes); column += 4 * lanes)
        {
            float* from = source + column, to = target + column, one = first + column, two = second + column;
            Vector<float> first0 = Vector.Load(one), first1 = Vector.Load(one + lanes);
            Vector<float> first2 = Vector.Load(one + (2 * lanes)), first3 = Vector.Load(one + (3 * lanes));
            Vector<float> second0 = Vector.Load(two), second1 = Vector.Load(two + lanes);
            Vector<float> second2 = Vector.Load(two + (2 * lanes)), second3 = Vector.Load(two + (3 * lanes));
            for (int row = 0; row < rows; row++, from += sourceStride, to += targetStride)
            {
                TTarget.Put(Vector.Load(from) * first0 * second0, to);
                TTarget.Put(Vector.Load(from + lanes) * first1 * second1, to + lanes);
                TTarget.Put(Vector.Load(from + (2 * lanes)) * first2 * second2, to + (2 * lanes));
                TTarget.Put(Vector.Load(from + (3 * lanes)) * first3 * second3, to + (3 * lanes));
            }
        }

        for (; column <= width - lanes; column += lanes)
        {
            float* from = source + column, to = target + column;
            Vector<float> one = Vector.Load(first + column), two = Vector.Load(second + column);
            for (int row = 0; row < rows; row++, from += sourceStride, to += targetStride) TTarget.Put(Vector.Load(from) * one * two, to);
        }

        for (; column < width; column++)
        {
            for (long row = 0; row < rows; row++)
                TTarget.Put(source[(row * sourceStride) + column] * first[column] * second[column], ref target[(row * targetStride) + column]);
        }
    }

    /// <summary>What happens to a number at its target.</summary>
    public interface ITarget
    {
        static abstract void Put(Vector<float> value, float* target);

        static abstract void Put(float value, ref float target);
    }

    /// <summary>It takes the place of what is there.</summary>
    public readonly struct Overwriting : ITarget
    {
        public static void Put(Vector<float> value, float* target) => Vector.Store(value, target);

        public static void Put(float value, ref float target) => target = value;
    }

    /// <summary>It is added to what is there.</summary>
    public readonly struct Adding : ITarget
    {
        public static void Put(Vector<float> value, float* target) => Vector.Store(Vector.Load(target) + value, target);

        public static void Put(float value, ref float target) => target += value;
    }
}
