using FastAttn.Kernels;

namespace FastAttn.Tests.Kernels;

/// <summary>Why a tier runs is told truly, on this machine and on made-up ones.</summary>
public sealed class TierReasonTests
{
    // Registers of a server with AVX-512: leaf 1 c, leaf 7 b, and the bytes of registers that the operating system saves.
    private const int Features = 0x7ffefbff, Extended = unchecked((int)0xd39ffffb), SavesAll = 2696, SavesAvx = 832, SavesSse = 576;

    [Theory]
    [InlineData(Features, Extended, SavesAll, InstructionTier.Avx512)]
    [InlineData(Features, Extended & ~(1 << 16), SavesAll, InstructionTier.Avx2)]
    [InlineData(Features, Extended & ~(1 << 31), SavesAll, InstructionTier.Avx2)]
    [InlineData(Features, Extended, SavesAvx, InstructionTier.Avx2)]
    [InlineData(Features, Extended, SavesSse, InstructionTier.Portable)]
    [InlineData(Features, Extended & ~(1 << 5), SavesAll, InstructionTier.Portable)]
    [InlineData(Features & ~(1 << 12), Extended, SavesAll, InstructionTier.Portable)]
    [InlineData(Features & ~(1 << 27), Extended, SavesAll, InstructionTier.Portable)]
    public void TheProcessorSaysWhatItOffers(int features, int extended, int saved, InstructionTier expected)
    {
        Assert.Equal(expected, ProcessorTier.Of(Answer));
        Assert.Equal(InstructionTier.Portable, ProcessorTier.Of((leaf, part) => leaf == 0 ? (7, 0, 0, 0) : Answer(leaf, part)));

        (int Eax, int Ebx, int Ecx, int Edx) Answer(int leaf, int part) => (leaf, part) switch
        {
            (0, _) => (22, 0, 0, 0),
            (1, _) => (0, 0, features, 0),
            (7, 0) => (0, extended, 0, 0),
            (13, 0) => (0, saved, 0, 0),
            (13, 2) => (256, 576, 0, 0),
            (13, 7) => (1024, 1664, 0, 0),
            _ => default,
        };
    }

    [Theory]
    [InlineData(InstructionTier.Avx512, InstructionTier.Avx512, false, false, "the widest instruction set that this processor offers")]
    [InlineData(InstructionTier.Portable, InstructionTier.Portable, true, false, "the widest instruction set that this processor offers")]
    [InlineData(InstructionTier.Neon, InstructionTier.Neon, true, false, "the widest instruction set that this processor offers")]
    [InlineData(
        InstructionTier.Portable, InstructionTier.Avx2, true, false,
        "compiled ahead of time without AVX2 with FMA, although this processor has it; a C# project compiles for it with the line <IlcInstructionSet>x86-64-v3</IlcInstructionSet>")]
    [InlineData(
        InstructionTier.Portable, InstructionTier.Avx512, true, false,
        "without AVX2 with FMA and AVX-512, although this processor has it; a C# project compiles for it with the line <IlcInstructionSet>x86-64-v3</IlcInstructionSet> (or x86-64-v4)")]
    [InlineData(InstructionTier.Avx2, InstructionTier.Avx512, true, false, "<IlcInstructionSet>x86-64-v4</IlcInstructionSet>")]
    [InlineData(InstructionTier.Avx2, InstructionTier.Avx512, false, true, "the runtime prefers vectors narrower than those of AVX-512 on this processor, or was told to by DOTNET_PreferredVectorBitWidth")]
    [InlineData(InstructionTier.Avx2, InstructionTier.Avx512, false, false, "the runtime does not use AVX-512, although this processor has it; it was told so, such as by DOTNET_EnableAVX512=0")]
    [InlineData(InstructionTier.Portable, InstructionTier.Avx512, false, false, "does not use AVX2 with FMA and AVX-512, although this processor has it; it was told so, such as by DOTNET_EnableAVX2=0")]
    public void TheReasonIsTheTrueOne(InstructionTier tier, InstructionTier offered, bool isCompiledAhead, bool prefersNarrower, string expected) =>
        Assert.EndsWith(expected, TierReason.Of(tier, offered, isCompiledAhead, prefersNarrower), StringComparison.Ordinal);

    [Fact]
    public void NothingThatRunsIsWiderThanTheProcessor() => Assert.True(FastAttnInfo.AvailableTiers[0] <= ProcessorTier.Widest);
}
