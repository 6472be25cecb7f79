namespace FastAttn.Kernels;

/// <summary>Kernels for AVX-512F; the generator writes their bodies.</summary>
internal readonly unsafe partial struct Avx512Kernels
{
}
