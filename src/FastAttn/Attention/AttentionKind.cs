namespace FastAttn;

/// <summary>The attentions of this library, by name; see <see cref="AttentionSystem.Create"/>.</summary>
public enum AttentionKind
{
    /// <summary>Exact softmax attention: <see cref="SoftmaxAttention"/>.</summary>
    Softmax,

    /// <summary>Kernelized attention with positive random features (Luo et al. 2021): <see cref="KernelizedAttention"/>.</summary>
    Kernelized,

    /// <summary>Exact attention with the Gaussian kernel (Chen et al. 2021, eq. 3): <see cref="GaussianAttention"/>.</summary>
    Gaussian,

    /// <summary>Its Nyström form (Chen et al. 2021): <see cref="SkyformerAttention"/>.</summary>
    Skyformer,

    /// <summary>Dot-product kernels by random Maclaurin features (Guo et al. 2025): <see cref="SchoenbatAttention"/>.</summary>
    Schoenbat,
}
