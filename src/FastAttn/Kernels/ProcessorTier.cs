using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace FastAttn.Kernels;

/// <summary>
/// The widest tier that the processor and the operating system offer, whatever this build was compiled for and whatever the
/// runtime was told: asked of the processor itself.
/// </summary>
internal static class ProcessorTier
{
    /// <summary>Of this machine.</summary>
    public static InstructionTier Widest { get; } =
        X86Base.IsSupported ? Of((leaf, part) => X86Base.CpuId(leaf, part)) : AdvSimd.Arm64.IsSupported ? InstructionTier.Neon : InstructionTier.Portable;

    /// <summary>Of the x86-64 machine that answers so: registers a, b, c, d for a leaf and its part.</summary>
    internal static InstructionTier Of(Func<int, int, (int Eax, int Ebx, int Ecx, int Edx)> cpuId)
    {
        const int savesRegisters = 1 << 27, avx = 1 << 28, fma = 1 << 12, avx2 = 1 << 5;
        const int avx512 = (1 << 16) | (1 << 17) | (1 << 28) | (1 << 30) | (1 << 31);
        if (cpuId(0, 0).Eax < 13) return InstructionTier.Portable;

        int first = cpuId(1, 0).Ecx, seventh = cpuId(7, 0).Ebx;
        if (!Has(first, savesRegisters | avx | fma) || !Has(seventh, avx2) || !IsSaved(2)) return InstructionTier.Portable;
        return Has(seventh, avx512) && IsSaved(7) ? InstructionTier.Avx512 : InstructionTier.Avx2;

        // The area that the operating system lets be saved reaches to the end of these registers. (XGETBV, which would tell it outright, is not to be had.)
        bool IsSaved(int component)
        {
            (int size, int offset, _, _) = cpuId(13, component);
            return size > 0 && cpuId(13, 0).Ebx >= offset + size;
        }
    }

    private static bool Has(int word, int bits) => (word & bits) == bits;
}
