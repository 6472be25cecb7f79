using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace FastAttn.Features;

/// <summary>
/// Sums of float32 data in float64, for the few places where float32 sums would show. The same bits whether eight float64 are one
/// vector or two, fused or not, because squares of float32 are exact.
/// </summary>
internal static unsafe class WideSum
{
    /// <summary>Entries under way at once.</summary>
    private const int Width = 8;

    /// <summary>Rows under way at once: a sum alone waits for its own additions.</summary>
    private const int RowsInStep = 4;

    /// <summary>Σ x[i]².</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double OfSquares(float* x, int count)
    {
        double sum;
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<double> sums = Vector512<double>.Zero;
            for (; i <= count - Width; i += Width) sums = AddSquares512(x + i, sums);
            sum = Sum(sums);
        }
        else
        {
            Vector256<double> low = Vector256<double>.Zero, high = Vector256<double>.Zero;
            for (; i <= count - Width; i += Width)
            {
                low = AddSquares256(x + i, low);
                high = AddSquares256(x + i + (Width / 2), high);
            }

            sum = Vector256.Sum(low + high);
        }

        for (; i < count; i++) sum += (double)x[i] * x[i];
        return sum;
    }

    /// <summary>Σ x[i]² of each of many rows, <paramref name="stride"/> apart.</summary>
    public static void OfSquares(float* rows, long stride, int count, int columns, double* sums)
    {
        int r = 0;
        for (; r <= count - RowsInStep; r += RowsInStep) OfSquaresInStep(rows + (r * stride), stride, columns, sums + r);
        for (; r < count; r++) sums[r] = OfSquares(rows + (r * stride), columns);
    }

    private static void OfSquaresInStep(float* a, long stride, int columns, double* sums)
    {
        float* b = a + stride, c = b + stride, d = c + stride;
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<double> aSums = Vector512<double>.Zero, bSums = aSums, cSums = aSums, dSums = aSums;
            for (; i <= columns - Width; i += Width)
            {
                aSums = AddSquares512(a + i, aSums);
                bSums = AddSquares512(b + i, bSums);
                cSums = AddSquares512(c + i, cSums);
                dSums = AddSquares512(d + i, dSums);
            }

            sums[0] = Sum(aSums);
            sums[1] = Sum(bSums);
            sums[2] = Sum(cSums);
            sums[3] = Sum(dSums);
        }
        else
        {
            Vector256<double> aLow = Vector256<double>.Zero, bLow = aLow, cLow = aLow, dLow = aLow;
            Vector256<double> aHigh = aLow, bHigh = aLow, cHigh = aLow, dHigh = aLow;
            for (; i <= columns - Width; i += Width)
            {
                aLow = AddSquares256(a + i, aLow);
                bLow = AddSquares256(b + i, bLow);
                cLow = AddSquares256(c + i, cLow);
                dLow = AddSquares256(d + i, dLow);
                aHigh = AddSquares256(a + i + (Width / 2), aHigh);
                bHigh = AddSquares256(b + i + (Width / 2), bHigh);
                cHigh = AddSquares256(c + i + (Width / 2), cHigh);
                dHigh = AddSquares256(d + i + (Width / 2), dHigh);
            }

            sums[0] = Vector256.Sum(aLow + aHigh);
            sums[1] = Vector256.Sum(bLow + bHigh);
            sums[2] = Vector256.Sum(cLow + cHigh);
            sums[3] = Vector256.Sum(dLow + dHigh);
        }

        for (; i < columns; i++)
        {
            sums[0] += (double)a[i] * a[i];
            sums[1] += (double)b[i] * b[i];
            sums[2] += (double)c[i] * c[i];
            sums[3] += (double)d[i] * d[i];
        }
    }

    private static double Sum(Vector512<double> sums) => Vector256.Sum(sums.GetLower() + sums.GetUpper());

    private static Vector512<double> AddSquares512(float* x, Vector512<double> sums)
    {
        Vector512<double> wide = Vector512.WidenLower(Vector256.Load(x).ToVector512Unsafe());
        return Vector512.MultiplyAddEstimate(wide, wide, sums);
    }

    private static Vector256<double> AddSquares256(float* x, Vector256<double> sums)
    {
        Vector256<double> wide = Vector256.WidenLower(Vector128.Load(x).ToVector256Unsafe());
        return Vector256.MultiplyAddEstimate(wide, wide, sums);
    }
}
