using FastAttn.Generators;

namespace FastAttn.Kernels;

/// <summary>Kernels for AVX-512F; the generator writes their bodies.</summary>
[RowKernels("avx512")]
[TileKernels("avx512", ValueDimensions = new[] { 16, 32, 64, 80, 96, 128 }, HeadDimensions = new[] { 16, 32, 64, 80, 96, 128 })]
internal readonly unsafe partial struct Avx512Kernels : ITileKernels, IRowKernels
{
}
