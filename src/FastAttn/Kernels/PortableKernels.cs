namespace FastAttn.Kernels;

/// <summary>Kernels for 128-bit vectors on any machine; the generator writes their bodies.</summary>
internal readonly unsafe partial struct PortableKernels
{
}
