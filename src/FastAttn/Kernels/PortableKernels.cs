using FastAttn.Generators;

namespace FastAttn.Kernels;

/// <summary>Kernels for 128-bit vectors on any machine; the generator writes their bodies.</summary>
[FftCodelets("portable", 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, ColumnRadices = new[] { 4, 8, 16 })]
[RowKernels("portable")]
[TileKernels("portable", ValueDimensions = new[] { 16, 32, 64, 80, 96, 128 }, HeadDimensions = new[] { 16, 32, 64, 80, 96, 128 })]
internal readonly unsafe partial struct PortableKernels : IKernels
{
    /// <inheritdoc/>
    public static InstructionTier Tier => InstructionTier.Portable;
}
