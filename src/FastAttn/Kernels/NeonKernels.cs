using FastAttn.Generators;

namespace FastAttn.Kernels;

/// <summary>Kernels for ARM64 AdvSimd; the generator writes their bodies.</summary>
[FftCodelets("neon", 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, ColumnRadices = new[] { 4, 8, 16 })]
[RowKernels("neon")]
[TileKernels("neon", ValueDimensions = new[] { 16, 32, 64, 80, 96, 128 }, HeadDimensions = new[] { 16, 32, 64, 80, 96, 128 })]
internal readonly unsafe partial struct NeonKernels : IKernels
{
    /// <inheritdoc/>
    public static InstructionTier Tier => InstructionTier.Neon;
}
