using FastAttn.Generators;

namespace FastAttn.Kernels;

/// <summary>Kernels for AVX2 with FMA; the generator writes their bodies.</summary>
[RowKernels("avx2")]
[TileKernels("avx2", ValueDimensions = new[] { 16, 32, 64, 80, 96, 128 }, HeadDimensions = new[] { 16, 32, 64, 80, 96, 128 })]
internal readonly unsafe partial struct Avx2Kernels : ITileKernels, IRowKernels
{
}
