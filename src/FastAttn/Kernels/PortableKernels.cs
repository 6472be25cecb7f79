using FastAttn.Generators;

namespace FastAttn.Kernels;

/// <summary>Kernels for 128-bit vectors on any machine; the generator writes their bodies.</summary>
[RowKernels("portable")]
[TileKernels("portable", ValueDimensions = new[] { 16, 32, 64, 80, 96, 128 }, HeadDimensions = new[] { 16, 32, 64, 80, 96, 128 })]
internal readonly unsafe partial struct PortableKernels : ITileKernels, IRowKernels
{
}
