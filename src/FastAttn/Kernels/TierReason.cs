namespace FastAttn.Kernels;

/// <summary>Why kernels run on the tier they run on, when nobody asked for another: one sentence, which tells what to do about a narrow one.</summary>
internal static class TierReason
{
    /// <param name="tier">The tier that runs.</param>
    /// <param name="offered">The widest that the processor offers.</param>
    /// <param name="isCompiledAhead">This code was compiled ahead of time, for one instruction set.</param>
    /// <param name="prefersNarrower">The runtime has the instructions of <paramref name="offered"/> and prefers narrower vectors.</param>
    public static string Of(InstructionTier tier, InstructionTier offered, bool isCompiledAhead, bool prefersNarrower)
    {
        if (tier >= offered) return "the widest instruction set that this processor offers";

        InstructionTier next = tier < InstructionTier.Avx2 ? InstructionTier.Avx2 : InstructionTier.Avx512;
        string lacking = next == offered ? NameOf(next) : Invariant($"{NameOf(next)} and {NameOf(offered)}");
        if (isCompiledAhead)
        {
            string lines = next == offered ? LineFor(next) : Invariant($"{LineFor(next)} (or {LevelOf(offered)})");
            return Invariant($"this build was compiled ahead of time without {lacking}, although this processor has it; a C# project compiles for it with the line {lines}");
        }

        return prefersNarrower
            ? Invariant($"the runtime prefers vectors narrower than those of {lacking} on this processor, or was told to by DOTNET_PreferredVectorBitWidth")
            : Invariant($"the runtime does not use {lacking}, although this processor has it; it was told so, such as by {SwitchOf(next)}=0");
    }

    private static string NameOf(InstructionTier tier) => tier == InstructionTier.Avx512 ? "AVX-512" : "AVX2 with FMA";

    private static string LineFor(InstructionTier tier) => Invariant($"<IlcInstructionSet>{LevelOf(tier)}</IlcInstructionSet>");

    private static string LevelOf(InstructionTier tier) => tier == InstructionTier.Avx512 ? "x86-64-v4" : "x86-64-v3";

    private static string SwitchOf(InstructionTier tier) => tier == InstructionTier.Avx512 ? "DOTNET_EnableAVX512" : "DOTNET_EnableAVX2";
}
