using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Sums;

namespace FastAttn.Methods;

/// <summary>What one thread works in while it sums states, applies them and adds the near band.</summary>
internal readonly unsafe struct TailScratch<TKernels>(in HeadProblem problem, int columns, int rows, ref Arena arena)
    where TKernels : struct, IKernels
{
    /// <summary>The running state.</summary>
    public readonly float* State = arena.Take<float>(TailSweep<TKernels>.StateFloats(problem, columns));

    /// <summary>States of both sides, weighed and added up.</summary>
    public readonly float* Sum = arena.Take<float>(TailSweep<TKernels>.StateFloats(problem, columns));

    /// <summary>The states of one side that a stretch of rows meets, one for each block that it stops seeing on the way.</summary>
    public readonly float* Met = arena.Take<float>(TailSweep<TKernels>.StateFloats(problem, columns) * ((rows / KernelShape.KeyTile) + 3L));

    /// <summary>A piece of a running state in float64, and of one that joins it.</summary>
    public readonly double* Wide = arena.Take<double>(2 * TailSweep<TKernels>.PieceFloats);

    /// <summary>A block of keys and values.</summary>
    public readonly KeyBlocks Block = KeyBlocks.Room<TKernels>(problem, ref arena);

    /// <summary>Rows of weighted queries.</summary>
    public readonly float* Queries = arena.Take<float>((long)TailSweep<TKernels>.MostRows * problem.FeatureStride);

    /// <summary>Row sums of tiles, a partial sum a lane.</summary>
    public readonly float* LaneSums = arena.Take<float>((long)rows * TKernels.Lanes);

    /// <summary>Numerators of a part of a wide band.</summary>
    public readonly float* Part = arena.Take<float>((long)rows * columns);

    /// <summary>What the totals of such parts have lost.</summary>
    public readonly float* Lost = arena.Take<float>((long)rows * columns);

    /// <summary>The same for row sums.</summary>
    public readonly float* LostRowSums = arena.Take<float>(rows);
}
