using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>Exponentials of rows relative to their own maxima: the core of every exponential map.</summary>
internal static unsafe class ExponentialRows
{
    /// <summary>Rows whose maxima are under way at once.</summary>
    private const int MostRows = 64;

    /// <summary>
    /// Maps all rows to natural exponentials, or those of base 2; their log-scales become their maxima in natural logarithms, less
    /// <paramref name="offsets"/> unless they are null.
    /// </summary>
    [SkipLocalsInit]
    public static void Map<TKernels>(in FeatureRows rows, bool isBinary, double* offsets)
        where TKernels : struct, IRowKernels
    {
        double unit = isBinary ? Math.Log(2) : 1;
        float* largest = stackalloc float[MostRows];
        for (int first = 0; first < rows.Count; first += MostRows)
        {
            int count = Math.Min(MostRows, rows.Count - first);
            double* logScales = rows.LogScales + first, subtracted = offsets == null ? null : offsets + first;
            if (new ReadOnlySpan<int>(rows.Exponents + first, count).ContainsAnyExcept(0))
            {
                for (int r = 0; r < count; r++)
                {
                    double scale = MapRow<TKernels>(rows.Row(first + r), rows.Columns, Math.ScaleB(unit, rows.Exponents[first + r]));
                    logScales[r] = subtracted == null ? scale : scale - subtracted[r];
                }

                continue;
            }

            if (isBinary) TKernels.Exp2Relative(rows.Row(first), rows.Stride, count, rows.Columns, largest);
            else TKernels.ExpRelative(rows.Row(first), rows.Stride, count, rows.Columns, largest);
            StoreLogScales(largest, unit, subtracted, logScales, count);
        }
    }

    private static void StoreLogScales(float* largest, double unit, double* subtracted, double* logScales, int count)
    {
        int r = 0;
        for (; r <= count - Vector256<double>.Count; r += Vector256<double>.Count)
        {
            Vector256<double> scales = Vector256.WidenLower(Vector128.Load(largest + r).ToVector256Unsafe()) * unit;
            (subtracted == null ? scales : scales - Vector256.Load(subtracted + r)).Store(logScales + r);
        }

        for (; r < count; r++) logScales[r] = subtracted == null ? largest[r] * unit : (largest[r] * unit) - subtracted[r];
    }

    /// <summary>Maps one row, padded to whole vectors, of entries in units of <paramref name="unit"/>; returns its maximum.</summary>
    public static double MapRow<TKernels>(float* row, int columns, double unit)
        where TKernels : struct, IRowKernels
    {
        if (unit != 1)
        {
            double max = RowScaling.SubtractMaximum<TKernels>(row, columns, unit);
            TKernels.ExpShifted(row, columns, 0);
            return max;
        }

        float largest;
        TKernels.ExpRelative(row, 0, 1, columns, &largest);
        return largest;
    }
}
