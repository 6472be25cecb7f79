using System.Numerics;
using System.Runtime.CompilerServices;

namespace FastAttn.Features;

/// <summary>
/// Rows without their mean and of a given length: <c>length · (x − mean)/‖x − mean‖₂</c>, a row of equal entries becoming zero.
/// In float64, where no sum of float32 numbers overflows and the mean of equal ones is exact.
/// </summary>
internal static unsafe class CenteredRows
{
    /// <summary>Copies one row, perhaps onto itself; returns false, with zeros, when some entry is NaN or infinite.</summary>
    public static bool Copy(float* source, float* target, int count, double length)
    {
        // The sum is finite if and only if every entry is.
        double sum = Sum(source, count);
        double mean = sum / count, squares = double.IsFinite(sum) ? SumOfSquares(source, count, mean) : 0;
        if (squares == 0) new Span<float>(target, count).Clear();
        else Scale(source, target, count, mean, length / Math.Sqrt(squares));
        return double.IsFinite(sum);
    }

    private static double Sum(float* x, int count)
    {
        Vector<double> low = Vector<double>.Zero, high = Vector<double>.Zero;
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(Unsafe.ReadUnaligned<Vector<float>>(x + i), out Vector<double> first, out Vector<double> second);
            low += first;
            high += second;
        }

        double sum = Vector.Sum(low + high);
        for (; i < count; i++) sum += x[i];
        return sum;
    }

    private static double SumOfSquares(float* x, int count, double mean)
    {
        Vector<double> low = Vector<double>.Zero, high = Vector<double>.Zero, center = new(mean);
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(Unsafe.ReadUnaligned<Vector<float>>(x + i), out Vector<double> first, out Vector<double> second);
            first -= center;
            second -= center;
            low += first * first;
            high += second * second;
        }

        double sum = Vector.Sum(low + high);
        for (; i < count; i++) sum += (x[i] - mean) * (x[i] - mean);
        return sum;
    }

    private static void Scale(float* source, float* target, int count, double mean, double factor)
    {
        Vector<double> center = new(mean);
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(Unsafe.ReadUnaligned<Vector<float>>(source + i), out Vector<double> first, out Vector<double> second);
            Unsafe.WriteUnaligned(target + i, Vector.Narrow((first - center) * factor, (second - center) * factor));
        }

        for (; i < count; i++) target[i] = (float)((source[i] - mean) * factor);
    }
}
