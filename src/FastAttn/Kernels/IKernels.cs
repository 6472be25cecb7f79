namespace FastAttn.Kernels;

/// <summary>Everything one instruction set offers.</summary>
internal interface IKernels : ITileKernels, IRowKernels, IFftCodelets
{
    /// <summary>The tier these kernels belong to.</summary>
    static abstract InstructionTier Tier { get; }
}
