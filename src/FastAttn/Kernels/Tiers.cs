using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace FastAttn.Kernels;

/// <summary>The ordered table of tiers, and which of them this process uses.</summary>
internal static class Tiers
{
    /// <summary>The environment variable that may lower the tier.</summary>
    public const string Variable = "FASTATTN_TIER";

    // Lazy, so that a word nobody knows is an error with its own message wherever it is first met.
    private static readonly Lazy<(InstructionTier Tier, string Reason)> Chosen = new(() => Choose(Environment.GetEnvironmentVariable(Variable)));

    private static readonly Lazy<int> ChosenLanes = new(() => Visit(Current, new LanesVisitor()));

    /// <summary>The tier kernels run on.</summary>
    /// <exception cref="ArgumentException"><see cref="Variable"/> holds an unknown word.</exception>
    public static InstructionTier Current => Chosen.Value.Tier;

    /// <summary>Why that one.</summary>
    public static string Reason => Chosen.Value.Reason;

    /// <summary>Float32 lanes of a register of the tier kernels run on.</summary>
    public static int Lanes => ChosenLanes.Value;

    /// <summary>
    /// What this process can run, widest first. A runtime that is told to prefer narrower vectors reports 512-bit vectors as
    /// not accelerated: that preference is followed.
    /// </summary>
    public static IReadOnlyList<InstructionTier> Available { get; } =
    [
        .. Avx512F.IsSupported && Vector512.IsHardwareAccelerated ? [InstructionTier.Avx512] : Array.Empty<InstructionTier>(),
        .. Avx2.IsSupported && Fma.IsSupported ? [InstructionTier.Avx2] : Array.Empty<InstructionTier>(),
        .. AdvSimd.Arm64.IsSupported ? [InstructionTier.Neon] : Array.Empty<InstructionTier>(),
        InstructionTier.Portable,
    ];

    /// <summary>Runs <paramref name="visitor"/> with the kernels of <paramref name="tier"/>.</summary>
    public static TResult Visit<TResult>(InstructionTier tier, ITierVisitor<TResult> visitor) => tier switch
    {
        InstructionTier.Avx512 => visitor.Visit<Avx512Kernels>(),
        InstructionTier.Avx2 => visitor.Visit<Avx2Kernels>(),
        InstructionTier.Neon => visitor.Visit<NeonKernels>(),
        InstructionTier.Portable => visitor.Visit<PortableKernels>(),
    };

    private static (InstructionTier Tier, string Reason) Choose(string? asked)
    {
        InstructionTier best = Available[0];
        string reason = TierReason.Of(
            best, ProcessorTier.Widest, !RuntimeFeature.IsDynamicCodeCompiled, Avx512F.IsSupported && !Vector512.IsHardwareAccelerated);
        if (string.IsNullOrEmpty(asked)) return (best, reason);
        InstructionTier tier = Words.Parse<InstructionTier>(asked, Variable);
        return Available.Contains(tier)
            ? (tier, $"{Variable}={asked}")
            : (best, Invariant($"{Variable}={asked} is not available here (available: {string.Join(", ", Available.Select(Words.Of))}), so the widest is used: {reason}"));
    }

    private sealed class LanesVisitor : ITierVisitor<int>
    {
        public int Visit<TKernels>()
            where TKernels : struct, IKernels => TKernels.Lanes;
    }
}
