using FastAttn.Kernels;

namespace FastAttn.Methods;

/// <summary>Row sums that tiles left as one partial sum a lane.</summary>
internal static unsafe class LaneSums
{
    private const int RowsAtOnce = 32;
    private const int MostLanes = 16;

    /// <summary>Adds each row's lanes, one after the other, to its sum and clears them.</summary>
    public static void MoveTo<TKernels>(float* sums, float* lanes, int rows)
        where TKernels : struct, IKernels
    {
        float* ones = stackalloc float[RowsAtOnce], byLane = stackalloc float[MostLanes * RowsAtOnce];
        new Span<float>(ones, RowsAtOnce).Fill(1);
        for (int row = 0; row < rows; row += RowsAtOnce)
        {
            int count = Math.Min(RowsAtOnce, rows - row);
            TKernels.TransposeScaled(lanes + (row * TKernels.Lanes), TKernels.Lanes, count, TKernels.Lanes, ones, byLane, RowsAtOnce);
            for (int lane = 1; lane < TKernels.Lanes; lane++) TKernels.AddScaled(byLane + (lane * RowsAtOnce), byLane, count, 1);
            TKernels.AddScaled(byLane, sums + row, count, 1);
        }

        new Span<float>(lanes, rows * TKernels.Lanes).Clear();
    }
}
