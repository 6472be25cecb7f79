using FastAttn.Generators;

namespace FastAttn.Kernels;

/// <summary>Kernels for AVX2 with FMA; the generator writes their bodies.</summary>
[FftCodelets("avx2", 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, ColumnRadices = new[] { 4, 8, 16 })]
[RowKernels("avx2")]
[TileKernels("avx2", ValueDimensions = new[] { 16, 32, 64, 80, 96, 128 }, HeadDimensions = new[] { 16, 32, 64, 80, 96, 128 })]
internal readonly unsafe partial struct Avx2Kernels : IKernels
{
    /// <inheritdoc/>
    public static InstructionTier Tier => InstructionTier.Avx2;
}
