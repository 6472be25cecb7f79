using FastAttn.Generators;

namespace FastAttn.Kernels;

/// <summary>Kernels for AVX-512F; the generator writes their bodies.</summary>
[FftCodelets("avx512", 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, ColumnRadices = new[] { 4, 8, 16 })]
[RowKernels("avx512")]
[TileKernels("avx512", ValueDimensions = new[] { 16, 32, 64, 80, 96, 128 }, HeadDimensions = new[] { 16, 32, 64, 80, 96, 128 })]
internal readonly unsafe partial struct Avx512Kernels : IKernels
{
    /// <inheritdoc/>
    public static InstructionTier Tier => InstructionTier.Avx512;
}
