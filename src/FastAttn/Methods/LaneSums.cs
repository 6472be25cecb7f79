using FastAttn.Kernels;

namespace FastAttn.Methods;

/// <summary>Row sums that tiles left as one partial sum a lane.</summary>
internal static unsafe class LaneSums
{
    public static void Store<TKernels>(float* partial, int rows, float* sums)
        where TKernels : struct, IKernels
    {
        for (int row = 0; row < rows; row++)
        {
            float sum = 0;
            for (int lane = 0; lane < TKernels.Lanes; lane++) sum += partial[(row * TKernels.Lanes) + lane];
            sums[row] = sum;
        }
    }
}
