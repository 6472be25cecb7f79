namespace FastAttn.Kernels;

/// <summary>Work that is written once and compiled for each tier.</summary>
internal interface ITierVisitor<out TResult>
{
    /// <summary>Called with the kernels of the chosen tier.</summary>
    TResult Visit<TKernels>()
        where TKernels : struct, IKernels;
}
