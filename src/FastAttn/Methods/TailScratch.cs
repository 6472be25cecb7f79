using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>What one thread works in while it sums states, applies them and adds the near band.</summary>
internal readonly unsafe struct TailScratch<TKernels>(in HeadProblem problem, int columns, int rows, ref Arena arena)
    where TKernels : struct, IKernels
{
    /// <summary>The running state.</summary>
    public readonly float* State = arena.Take<float>(TailSweep<TKernels>.StateFloats(problem, columns));

    /// <summary>The same in float64.</summary>
    public readonly double* Running = arena.Take<double>(TailSweep<TKernels>.StateFloats(problem, columns));

    /// <summary>A block of weighted values.</summary>
    public readonly float* Values = arena.Take<float>((long)KernelShape.KeyTile * columns);

    /// <summary>Rows of weighted queries.</summary>
    public readonly float* Queries = arena.Take<float>((long)TailSweep<TKernels>.MostRows * problem.FeatureStride);

    /// <summary>Row sums of tiles, a partial sum a lane.</summary>
    public readonly float* LaneSums = arena.Take<float>((long)rows * TKernels.Lanes);

    /// <summary>Numerators of a part of a wide band.</summary>
    public readonly float* Part = arena.Take<float>((long)rows * columns);
}
