namespace FastAttn.Kernels;

/// <summary>Kernels for AVX2 with FMA; the generator writes their bodies.</summary>
internal readonly unsafe partial struct Avx2Kernels
{
}
