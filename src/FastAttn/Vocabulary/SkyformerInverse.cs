namespace FastAttn;

/// <summary>How Skyformer inverts the kernel matrix of its landmarks.</summary>
public enum SkyformerInverse
{
    /// <summary>Exactly, by a Cholesky factor. Word: <c>cholesky</c>.</summary>
    Cholesky,

    /// <summary>
    /// The six Schulz steps of the authors' code (Chen et al. 2021, §4.4), for parity with it: they do not converge for small eigenvalues.
    /// Word: <c>schulz</c>.
    /// </summary>
    Schulz,
}
