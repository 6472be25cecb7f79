using System.Numerics;
using FastAttn.Memory;

namespace FastAttn.Toeplitz;

/// <summary>
/// A few columns of a row-major matrix, packed densely and brought to a size near one by powers of two: columns that share a
/// complex number would otherwise drown in each other's rounding. The exponents travel beside the block.
/// </summary>
/// <param name="blockColumns">Columns of the packed block.</param>
/// <param name="width">Columns that hold data; the rest is zero.</param>
/// <param name="stride">Columns of the matrix.</param>
internal readonly unsafe struct ColumnBlock(int blockColumns, int width, int stride)
{
    /// <summary>The exponent of a column that holds NaN or an infinity.</summary>
    private const int NotFinite = int.MaxValue;

    /// <summary>The exponent that brings a largest magnitude into [1, 2); zero for zero.</summary>
    public static int ExponentOf(float magnitude) => magnitude > 0 ? Math.Max(MathF.ILogB(magnitude), -126) : 0;

    /// <summary>One exponent a column.</summary>
    public void Exponents(float* matrix, int rows, Span<int> exponents)
    {
        Span<float> largest = stackalloc float[blockColumns];
        largest.Clear();
        fixed (float* top = largest)
        {
            for (int row = 0; row < rows; row++)
            {
                float* values = matrix + ((long)row * stride);
                int column = 0;

                // MaxMagnitude keeps NaN, so that one look at the largest finds it.
                for (; column <= width - Vector<float>.Count; column += Vector<float>.Count)
                    Vector.Store(Vector.MaxMagnitude(Vector.Load(top + column), Vector.Load(values + column)), top + column);
                for (; column < width; column++) top[column] = MathF.MaxMagnitude(top[column], values[column]);
            }
        }

        for (int column = 0; column < blockColumns; column++)
        {
            float magnitude = MathF.Abs(largest[column]);
            exponents[column] = float.IsFinite(magnitude) ? ExponentOf(magnitude) : NotFinite;
        }
    }

    /// <summary>Writes <paramref name="packedRows"/> rows, zeros after the data and instead of columns that are not finite.</summary>
    public void Pack(float* matrix, int rows, ReadOnlySpan<int> exponents, float* packed, int packedRows)
    {
        Span<float> factors = stackalloc float[blockColumns];
        for (int column = 0; column < blockColumns; column++)
            factors[column] = exponents[column] == NotFinite ? 0 : MathF.ScaleB(1, -exponents[column]);
        fixed (float* scale = factors)
        {
            for (int row = 0; row < rows; row++)
            {
                float* values = matrix + ((long)row * stride);
                float* target = packed + ((long)row * blockColumns);
                int column = 0;
                for (; column <= width - Vector<float>.Count; column += Vector<float>.Count)
                    Vector.Store(Vector.Load(values + column) * Vector.Load(scale + column), target + column);
                for (; column < width; column++) target[column] = values[column] * scale[column];
                for (; column < blockColumns; column++) target[column] = 0;
            }
        }

        for (int column = 0; column < width; column++)
        {
            if (exponents[column] != NotFinite) continue;
            for (int row = 0; row < rows; row++) packed[((long)row * blockColumns) + column] = 0;
        }

        Clearing.Clear(packed + ((long)rows * blockColumns), (long)(packedRows - rows) * blockColumns);
    }

    /// <summary>Writes a product back, by its columns' exponents and one for the whole matrix; NaN where a column was not finite.</summary>
    public void Unpack(float* packed, int rows, ReadOnlySpan<int> exponents, int exponent, float* matrix)
    {
        // Two factors of half the exponent each: 2^±250 is no float32.
        Span<float> first = stackalloc float[blockColumns], second = stackalloc float[blockColumns];
        for (int column = 0; column < blockColumns; column++)
        {
            int sum = exponents[column] == NotFinite ? 0 : exponents[column] + exponent;
            first[column] = exponents[column] == NotFinite ? float.NaN : MathF.ScaleB(1, sum / 2);
            second[column] = MathF.ScaleB(1, sum - (sum / 2));
        }

        fixed (float* scale = first, rest = second)
        {
            for (int row = 0; row < rows; row++)
            {
                float* values = packed + ((long)row * blockColumns);
                float* target = matrix + ((long)row * stride);
                int column = 0;
                for (; column <= width - Vector<float>.Count; column += Vector<float>.Count)
                    Vector.Store(Vector.Load(values + column) * Vector.Load(scale + column) * Vector.Load(rest + column), target + column);
                for (; column < width; column++) target[column] = values[column] * scale[column] * rest[column];
            }
        }
    }
}
