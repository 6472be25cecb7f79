using FastAttn.Generators;

namespace FastAttn.Kernels;

/// <summary>Kernels for ARM64 AdvSimd; the generator writes their bodies.</summary>
[RowKernels("neon")]
[TileKernels("neon", ValueDimensions = new[] { 16, 32, 64, 80, 96, 128 }, HeadDimensions = new[] { 16, 32, 64, 80, 96, 128 })]
internal readonly unsafe partial struct NeonKernels : ITileKernels, IRowKernels
{
}
