namespace FastAttn;

/// <summary>Choices of kernelized attention; the defaults are the normalised PRF method of Luo et al. 2021.</summary>
public sealed record KernelizedAttentionOptions
{
    /// <summary>The feature map φ. Default <see cref="FeatureMap.Prf"/>.</summary>
    public FeatureMap FeatureMap { get; init; } = FeatureMap.Prf;

    /// <summary>Rows of the random projection, 1…4096. Default: those of <see cref="Projection"/>, else 64. Maps without a projection refuse it.</summary>
    public int? Features { get; init; }

    /// <summary>The projection W; default: drawn from <see cref="Seed"/> and <see cref="ProjectionKind"/>. Maps without a projection refuse it.</summary>
    public RandomProjection? Projection { get; init; }

    /// <summary>How a projection is drawn when none is given. Default <see cref="ProjectionKind.Orthogonal"/>.</summary>
    public ProjectionKind ProjectionKind { get; init; } = ProjectionKind.Orthogonal;

    /// <summary>Seed of a drawn projection. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Rolls ν of DPFP, which makes 2·d·ν features: 1…4096/d. Default 1; other maps refuse any other.
    /// </summary>
    public int Nu { get; init; } = 1;

    /// <summary>
    /// Whether features of <see cref="FeatureMap.Given"/> may be negative; other maps refuse true. Then the tolerance holds where the denominator keeps at least a
    /// twentieth of the sum of its terms' absolute values, and is not promised where it cancels to less. Default false.
    /// </summary>
    public bool SignedFeatures { get; init; }

    /// <summary>Whether query and key rows are scaled to length one. Default: true for PRF and TRF, else false.</summary>
    public bool? Normalize { get; init; }

    /// <summary>Factor on un-normalised query and key. Default: d^(−1/4) for PRF, TRF and ReLU, 1 for ELU, SIKF, DPFP and given features. Finite, above zero.</summary>
    public float? QkScale { get; init; }

    /// <summary>
    /// ε that is added to every feature, finite and above zero, for models that were trained with one. PRF: Performer codes compute
    /// <c>exp(w·x − ‖x‖²/2 − M) + ε</c>. For a query, M is the largest w·x of its row. For a key, it is the largest of all keys of the head that take part, also
    /// of those that a causal query does not see. Their ε is 1e-4 or 1e-6. Default: none. ReLU: <c>max(w·x/√m, 0) + ε</c>, default 1e-3. Other maps refuse one.
    /// </summary>
    public float? FeatureEpsilon { get; init; }

    /// <summary>Whether query i sees only keys up to position <c>QueryOffset + i</c>. Default false.</summary>
    public bool Causal { get; init; }

    /// <summary>
    /// Position p of query 0 among the keys. Read when <see cref="Causal"/>, and by every kind of <see cref="RelativePosition"/> but a dense
    /// bias. Default: n_k − n_q when causal, else 0.
    /// </summary>
    public int? QueryOffset { get; init; }

    /// <summary>
    /// <c>[B]</c>: one <see cref="QueryOffset"/> a sequence, for batches whose sequences are not equally far along. Copied. What depends on an offset is
    /// prepared once for each different one. Default: the same for all.
    /// </summary>
    public int[]? QueryOffsets { get; init; }

    /// <summary>
    /// The largest ‖Δz_i‖ that a row may have, as a share of the largest ‖v_j‖ that the row sees. 1e-6…0.1, default 1e-4. It holds for any number of keys.
    /// Features and their products are taken as the float32 numbers that they are. Below 1e-5 direct sums take two to three times as long, and
    /// most rows of linear, band, decay and multipole, which sum keys before features, are computed again by direct sums.
    /// </summary>
    public float Tolerance { get; init; } = 1e-4f;

    /// <summary>A method to force, or <see cref="Method.Auto"/>.</summary>
    public Method Method { get; init; } = Method.Auto;

    /// <summary>Threads to use, at least 1. Default: <c>FASTATTN_THREADS</c>, else the cores this process may use. Never changes a bit of the result.</summary>
    public int? Threads { get; init; }
}
