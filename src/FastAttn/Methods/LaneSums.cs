using FastAttn.Kernels;

namespace FastAttn.Methods;

/// <summary>Row sums that tiles left as one partial sum a lane.</summary>
internal static unsafe class LaneSums
{
    /// <summary>Adds each row's lanes to its sum and clears them.</summary>
    public static void MoveTo<TKernels>(float* sums, float* lanes, int rows)
        where TKernels : struct, IKernels
    {
        for (int row = 0; row < rows; row++)
        {
            float sum = 0;
            for (int lane = 0; lane < TKernels.Lanes; lane++) sum += lanes[(row * TKernels.Lanes) + lane];
            sums[row] += sum;
        }

        new Span<float>(lanes, rows * TKernels.Lanes).Clear();
    }
}
