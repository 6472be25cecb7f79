using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace FastAttn.Features;

/// <summary>Sums of float32 data in float64, for the few places where float32 sums would show.</summary>
internal static unsafe class WideSum
{
    /// <summary>Σ x[i]²: the same bits whether eight float64 are one vector or two, because squares of float32 are exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double OfSquares(float* x, int count)
    {
        double sum;
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<double> sums = Vector512<double>.Zero;
            for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
            {
                Vector512<double> wide = Vector512.WidenLower(Vector256.Load(x + i).ToVector512Unsafe());
                sums = Vector512.FusedMultiplyAdd(wide, wide, sums);
            }

            sum = Vector256.Sum(sums.GetLower() + sums.GetUpper());
        }
        else
        {
            Vector<double> low = Vector<double>.Zero, high = Vector<double>.Zero;
            for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
            {
                Vector.Widen(Unsafe.ReadUnaligned<Vector<float>>(x + i), out Vector<double> first, out Vector<double> second);
                low += first * first;
                high += second * second;
            }

            sum = Vector.Sum(low + high);
        }

        for (; i < count; i++) sum += (double)x[i] * x[i];
        return sum;
    }
}
