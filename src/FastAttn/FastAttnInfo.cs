namespace FastAttn;

/// <summary>Facts about this build and this machine.</summary>
public static class FastAttnInfo
{
    /// <summary>The library's version.</summary>
    public static string Version => throw new NotSupportedException();

    /// <summary>The instruction tier that kernels run on.</summary>
    public static InstructionTier Tier => throw new NotSupportedException();

    /// <summary>Why that tier, in one sentence.</summary>
    public static string TierReason => throw new NotSupportedException();

    /// <summary>Value dimensions with their own generated code; others run through the same code, padded to lanes.</summary>
    public static IReadOnlyList<int> ValueDimensions => throw new NotSupportedException();

    /// <summary>Head dimensions whose feature kernels have their own generated code.</summary>
    public static IReadOnlyList<int> HeadDimensions => throw new NotSupportedException();

    /// <summary>Lengths of the generated Fourier codelets.</summary>
    public static IReadOnlyList<int> FftCodelets => throw new NotSupportedException();

    /// <summary>Threads used when a call does not say.</summary>
    public static int DefaultThreads => throw new NotSupportedException();
}
