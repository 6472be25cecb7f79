using System.Numerics;
using System.Runtime.CompilerServices;

namespace FastAttn.Features;

/// <summary>Sums of float32 data in float64, for the few places where float32 sums would show.</summary>
internal static unsafe class WideSum
{
    public static double OfSquares(float* x, int count)
    {
        Vector<double> low = Vector<double>.Zero, high = Vector<double>.Zero;
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(Unsafe.ReadUnaligned<Vector<float>>(x + i), out Vector<double> first, out Vector<double> second);
            low += first * first;
            high += second * second;
        }

        double sum = Vector.Sum(low + high);
        for (; i < count; i++) sum += (double)x[i] * x[i];
        return sum;
    }
}
