using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>What <see cref="FineBlocks{TKernels}"/> work in beside a tile's totals.</summary>
/// <param name="rows">Rows of the largest tile.</param>
/// <param name="part">Numerators of a few keys, <c>[rows, columns]</c>.</param>
/// <param name="lost">What the totals of numerators have lost, <c>[rows, columns]</c>.</param>
/// <param name="arena">Where the rest stands.</param>
internal readonly unsafe struct FineScratch(int rows, float* part, float* lost, ref Arena arena)
{
    public readonly float* Part = part;

    public readonly float* Lost = lost;

    /// <summary>Weights of a block, <c>[rows, KeyTile]</c>.</summary>
    public readonly float* Weights = arena.Take<float>((long)rows * KernelShape.KeyTile);

    /// <summary>Totals of denominators.</summary>
    public readonly double* RowSums = arena.Take<double>(rows);
}
