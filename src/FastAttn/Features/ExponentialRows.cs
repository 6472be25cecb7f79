using System.Runtime.CompilerServices;
using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>Exponentials of rows relative to their own maxima: the core of every exponential map.</summary>
internal static unsafe class ExponentialRows
{
    /// <summary>Rows whose maxima are under way at once.</summary>
    private const int MostRows = 64;

    /// <summary>Maps all rows to natural exponentials, or those of base 2; their log-scales become their maxima in natural logarithms.</summary>
    [SkipLocalsInit]
    public static void Map<TKernels>(in FeatureRows rows, bool isBinary = false)
        where TKernels : struct, IRowKernels
    {
        double unit = isBinary ? Math.Log(2) : 1;
        float* largest = stackalloc float[MostRows];
        for (int first = 0; first < rows.Count; first += MostRows)
        {
            int count = Math.Min(MostRows, rows.Count - first);
            if (new ReadOnlySpan<int>(rows.Exponents + first, count).ContainsAnyExcept(0))
            {
                for (int r = first; r < first + count; r++) rows.LogScales[r] = MapRow<TKernels>(rows.Row(r), rows.Columns, Math.ScaleB(unit, rows.Exponents[r]));
                continue;
            }

            if (isBinary) TKernels.Exp2Relative(rows.Row(first), rows.Stride, count, rows.Columns, largest);
            else TKernels.ExpRelative(rows.Row(first), rows.Stride, count, rows.Columns, largest);
            for (int r = 0; r < count; r++) rows.LogScales[first + r] = largest[r] * unit;
        }
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
