namespace FastAttn;

/// <summary>Choices of SchoenbAt attention; the defaults are those of the authors' code (Guo et al. 2025).</summary>
public sealed record SchoenbatOptions
{
    /// <summary>The dot-product kernel f. Default: that of <see cref="Draw"/>, else <see cref="SchoenbatKernel.Exp"/>.</summary>
    public SchoenbatKernel? Kernel { get; init; }

    /// <summary>
    /// Features of a row, at most 4096: those of <see cref="ExactDegrees"/> and at least one random one. Default: those of
    /// <see cref="Draw"/>, else 128.
    /// </summary>
    public int? Features { get; init; }

    /// <summary>The random features; default: drawn from <see cref="Seed"/>.</summary>
    public MaclaurinFeatures? Draw { get; init; }

    /// <summary>
    /// The highest degree of the series that is exact, 0, 1 or 2: degree 1 takes d features, degree 2 d(d+1)/2 more. Default: that of
    /// <see cref="Draw"/>, else 0.
    /// </summary>
    public int? ExactDegrees { get; init; }

    /// <summary>Whether degree 0 is drawn like the others, as in the paper's text. Default: as in <see cref="Draw"/>, else false.</summary>
    public bool? Literal { get; init; }

    /// <summary>Seed of a draw. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>postSBN's factor γ on every output entry: one number, <c>[d_v]</c> or <c>[H, d_v]</c>, finite. Default: none.</summary>
    public float[]? Gamma { get; init; }

    /// <summary>
    /// postSBN's exponent β, <c>γ·sign(z)|z|^β</c>: one number, <c>[d_v]</c> or <c>[H, d_v]</c>, finite and above zero. Default: none.
    /// </summary>
    public float[]? Beta { get; init; }

    /// <summary>
    /// Denominators below this become it, finite and above zero: 1 for parity with the authors' code, which clamps them so. They are sums of φ(q̂)·φ(k̂), times exp(b)
    /// where there are positions. Default: none.
    /// </summary>
    public float? DenominatorFloor { get; init; }

    /// <inheritdoc cref="KernelizedAttentionOptions.Causal"/>
    public bool Causal { get; init; }

    /// <inheritdoc cref="KernelizedAttentionOptions.QueryOffset"/>
    public int? QueryOffset { get; init; }

    /// <inheritdoc cref="KernelizedAttentionOptions.QueryOffsets"/>
    public int[]? QueryOffsets { get; init; }

    /// <summary>
    /// Largest ‖Δz_i‖ allowed in any row, before γ and β, as a share of the largest ‖v_j‖ that row sees; of rows whose denominator
    /// cancels see <see cref="SchoenbatAttention"/>. 1e-6…0.1, default 1e-4.
    /// </summary>
    public float Tolerance { get; init; } = 1e-4f;

    /// <summary>A method to force, or <see cref="Method.Auto"/>.</summary>
    public Method Method { get; init; } = Method.Auto;

    /// <inheritdoc cref="KernelizedAttentionOptions.Threads"/>
    public int? Threads { get; init; }
}
