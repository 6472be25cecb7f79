using FastAttn.Kernels;
using FastAttn.Threading;

namespace FastAttn;

/// <summary>Facts about this build and this machine.</summary>
/// <remarks>Everything that concerns the tier throws <see cref="ArgumentException"/> when <c>FASTATTN_TIER</c> holds an unknown word.</remarks>
public static class FastAttnInfo
{
    private static readonly Lazy<KernelTables> Tables = new(() => Tiers.Visit(Tiers.Current, new TablesVisitor()));

    /// <summary>The library's version, as <c>major.minor.patch</c>.</summary>
    public static string Version => LibraryVersion.Text;

    /// <summary>The instruction tier that kernels run on: the widest available, or a lower one that <c>FASTATTN_TIER</c> names.</summary>
    /// <exception cref="ArgumentException"><c>FASTATTN_TIER</c> holds an unknown word.</exception>
    public static InstructionTier Tier => Tiers.Current;

    /// <summary>Why that tier, in one sentence.</summary>
    public static string TierReason => Tiers.Reason;

    /// <summary>The tiers this process could run, widest first.</summary>
    public static IReadOnlyList<InstructionTier> AvailableTiers => Tiers.Available;

    /// <summary>Value dimensions with their own generated code; others run through the same code, padded to lanes.</summary>
    public static IReadOnlyList<int> ValueDimensions => Tables.Value.ValueDimensions;

    /// <summary>Head dimensions whose projection has its own generated code.</summary>
    public static IReadOnlyList<int> HeadDimensions => Tables.Value.HeadDimensions;

    /// <summary>Lengths of the generated Fourier codelets.</summary>
    public static IReadOnlyList<int> FftCodelets => Tables.Value.FftCodelets;

    /// <summary>Threads used when a call does not say: <c>FASTATTN_THREADS</c>, else the cores this process may use.</summary>
    /// <exception cref="ArgumentException"><c>FASTATTN_THREADS</c> is not a whole number above zero.</exception>
    public static int DefaultThreads => ThreadCount.Default;

    private sealed record KernelTables(int[] ValueDimensions, int[] HeadDimensions, int[] FftCodelets);

    private sealed class TablesVisitor : ITierVisitor<KernelTables>
    {
        public KernelTables Visit<TKernels>()
            where TKernels : struct, IKernels
        {
            int[] sizes = [.. Enumerable.Range(1, RandomProjection.MaxDimension)];
            return new(
                Array.FindAll(sizes, TKernels.HasValueDimension),
                Array.FindAll(sizes, TKernels.HasHeadDimension),
                Array.FindAll(sizes, length => TKernels.HasConvolve(length) || TKernels.HasUnrolledSplit(length)));
        }
    }
}
