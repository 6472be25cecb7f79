namespace FastAttn.Cli.Commands;

/// <summary>What <c>fastattn run</c> computes.</summary>
internal enum Operation
{
    /// <summary>Kernelized attention.</summary>
    Kernelized,

    /// <summary>Exact softmax attention.</summary>
    Softmax,

    /// <summary>Exact attention with the Gaussian kernel.</summary>
    Gaussian,

    /// <summary>Its Nyström form.</summary>
    Skyformer,

    /// <summary>Dot-product kernels by random Maclaurin features.</summary>
    Schoenbat,

    /// <summary>W V alone, without an attention.</summary>
    FastRpb,
}
