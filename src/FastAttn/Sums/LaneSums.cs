using FastAttn.Kernels;

namespace FastAttn.Sums;

/// <summary>Row sums that tiles left as one partial sum a lane.</summary>
internal static unsafe class LaneSums
{
    private const int RowsAtOnce = 32;
    /// <summary>Lanes of the widest tier.</summary>
    public const int MostLanes = 16;

    /// <summary>Adds each row's lanes to its sum and clears them.</summary>
    public static void MoveTo<TKernels>(float* sums, float* lanes, int rows)
        where TKernels : struct, IKernels
    {
        float* ofRows = stackalloc float[MostLanes * RowsAtOnce];
        for (int row = 0; row < rows; row += RowsAtOnce)
        {
            int count = Math.Min(RowsAtOnce, rows - row);
            Fold<TKernels>(lanes + (row * TKernels.Lanes), count, ofRows);
            TKernels.AddScaled(ofRows, sums + row, count, 1);
        }
    }

    /// <summary>The same for sums of many parts, with what their additions have lost.</summary>
    public static void MoveTo<TKernels>(float* sums, float* lost, float* lanes, int rows)
        where TKernels : struct, IKernels
    {
        float* ofRows = stackalloc float[MostLanes * RowsAtOnce];
        for (int row = 0; row < rows; row += RowsAtOnce)
        {
            int count = Math.Min(RowsAtOnce, rows - row);
            Fold<TKernels>(lanes + (row * TKernels.Lanes), count, ofRows);
            CompensatedSums.Move(ofRows, sums + row, lost + row, count);
        }
    }

    /// <summary>Adds up each row's lanes, halves onto halves, and clears them; <paramref name="byLane"/> begins with the sums.</summary>
    private static void Fold<TKernels>(float* lanes, int rows, float* byLane)
        where TKernels : struct, IKernels
    {
        float* ones = stackalloc float[RowsAtOnce];
        new Span<float>(ones, RowsAtOnce).Fill(1);
        TKernels.TransposeScaled(lanes, TKernels.Lanes, rows, TKernels.Lanes, ones, byLane, RowsAtOnce);
        for (int half = TKernels.Lanes / 2; half >= 1; half /= 2) TKernels.AddScaled(byLane + (half * RowsAtOnce), byLane, half * RowsAtOnce, 1);
        new Span<float>(lanes, rows * TKernels.Lanes).Clear();
    }
}
