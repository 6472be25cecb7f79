namespace FastAttn.Kernels;

/// <summary>Kernels for ARM64 AdvSimd; the generator writes their bodies.</summary>
internal readonly unsafe partial struct NeonKernels
{
}
