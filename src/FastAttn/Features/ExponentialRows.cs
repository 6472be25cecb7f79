using System.Runtime.CompilerServices;
using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>exp of rows relative to their own maxima: the core of every exponential map.</summary>
internal static unsafe class ExponentialRows
{
    /// <summary>Rows whose maxima are under way at once.</summary>
    private const int MostRows = 64;

    /// <summary>Maps all rows; their log-scales become their maxima.</summary>
    [SkipLocalsInit]
    public static void Map<TKernels>(in FeatureRows rows)
        where TKernels : struct, IRowKernels
    {
        float* largest = stackalloc float[MostRows];
        for (int first = 0; first < rows.Count; first += MostRows)
        {
            int count = Math.Min(MostRows, rows.Count - first);
            if (new ReadOnlySpan<int>(rows.Exponents + first, count).ContainsAnyExcept(0))
            {
                for (int r = first; r < first + count; r++) rows.LogScales[r] = MapRow<TKernels>(rows.Row(r), rows.Columns, rows.Exponents[r]);
                continue;
            }

            TKernels.ExpRelative(rows.Row(first), rows.Stride, count, rows.Columns, largest);
            for (int r = 0; r < count; r++) rows.LogScales[first + r] = largest[r];
        }
    }

    /// <summary>Maps one row, padded to whole vectors; returns its maximum.</summary>
    public static double MapRow<TKernels>(float* row, int columns, int exponent)
        where TKernels : struct, IRowKernels
    {
        if (exponent != 0)
        {
            double max = RowScaling.SubtractMaximum<TKernels>(row, columns, exponent);
            TKernels.ExpShifted(row, columns, 0);
            return max;
        }

        float largest;
        TKernels.ExpRelative(row, 0, 1, columns, &largest);
        return largest;
    }
}
