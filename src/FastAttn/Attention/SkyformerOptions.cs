namespace FastAttn;

/// <summary>Choices of Skyformer; the defaults are those of Chen et al. 2021 with an exact inverse.</summary>
public sealed record SkyformerOptions
{
    /// <summary>Number of landmarks, 1…4096; at most as many as there are rows to choose from, unless they are drawn with replacement. Default 128.</summary>
    public int Landmarks { get; init; } = 128;

    /// <summary>
    /// The landmarks themselves, in place of a number: rows of [Q; K], 0…n_q + n_k − 1 with keys from n_q on, the same in every sequence and head; at most
    /// 4096. Those that a sequence's mask or length leaves out, or that are not finite, are left out there. Repeats need γ above zero.
    /// </summary>
    public IReadOnlyList<int>? LandmarkIndices { get; init; }

    /// <summary>γ ≥ 0, added to the diagonal of the landmarks' kernel matrix. Finite. Default 0.1.</summary>
    public float Gamma { get; init; } = 0.1f;

    /// <summary>How that matrix is inverted. Default <see cref="SkyformerInverse.Cholesky"/>.</summary>
    public SkyformerInverse Inverse { get; init; } = SkyformerInverse.Cholesky;

    /// <summary>How landmarks are drawn. Default <see cref="LandmarkSampling.Uniform"/>.</summary>
    public LandmarkSampling Sampling { get; init; } = LandmarkSampling.Uniform;

    /// <summary>Seed of the draw. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <inheritdoc cref="KernelizedAttentionOptions.Threads"/>
    public int? Threads { get; init; }
}
