namespace FastAttn;

/// <summary>The instruction sets FastAttn has kernels for, from the one that runs anywhere to the widest.</summary>
public enum InstructionTier
{
    /// <summary>128-bit vectors without fused multiply-add; the same bits on every machine. Word: <c>portable</c>.</summary>
    Portable = 0,

    /// <summary>ARM64 AdvSimd, 4 lanes. Word: <c>neon</c>.</summary>
    Neon = 1,

    /// <summary>x86-64 AVX2 with FMA, 8 lanes. Word: <c>avx2</c>.</summary>
    Avx2 = 2,

    /// <summary>x86-64 AVX-512F, 16 lanes. Word: <c>avx512</c>.</summary>
    Avx512 = 3,
}
