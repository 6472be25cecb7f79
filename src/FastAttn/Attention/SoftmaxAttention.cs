using FastAttn.Attention;

namespace FastAttn;

/// <summary>
/// Exact softmax attention with relative positions, the baseline that every other system is measured against: an immutable plan for
/// one set of sizes, <c>z_i = Σ_j softmax_j(scale·q_i·k_j + b_{j−i}) v_j</c>.
/// </summary>
/// <remarks>
/// <para>Never n×n in memory: keys stream by in blocks under a running maximum (Milakov and Gimelshein 2018; Dao et al. 2022). Time is
/// O(n_q·n_k·(d + d_v)) a head; a head in flight works in 4·n_k·(d + d_v) bytes and less than a megabyte a thread, and the plan keeps
/// 4·(n_q + n_k) bytes of bias, one a head or one for all.</para>
/// <para>Exact to float32 rounding: a weight is within a relative error of about d·2⁻²⁴ times the size of its score, bias included. Sums of weights and
/// of weighed values add at most 9.2e-6 (AVX-512), 1.3e-5 (AVX2) or 2.1e-5 (others) of the largest ‖v_j‖, some 1e-6 as a rule,
/// for any number of keys. Queries that may have scores beyond 2¹²⁰ are computed in float64, which takes some ten times as long, and so are rows whose best
/// score is 45,426 (2¹⁶·ln 2) or more below their head's largest bias, as where all keys that a row sees have a bias of −1e9. A bias counts relative to its
/// head's largest. In a head with a value above 3e26, weights below 2⁻⁸⁶ of a row's largest are lost, and products with values below 1e-24 lose digits.</para>
/// </remarks>
public sealed class SoftmaxAttention : AttentionSystem
{
    private readonly ScoreCalls _calls;

    /// <summary>Checks the sizes and prepares the biases.</summary>
    /// <param name="shape">The sizes of every call.</param>
    /// <param name="options">The choices; defaults when null.</param>
    /// <param name="position">The relative position bias of any kind, one for all heads or one a head; null for none.</param>
    /// <exception cref="ShapeException">Sizes contradict each other or the position.</exception>
    /// <exception cref="ArgumentException">A choice is out of range or contradicts another.</exception>
    public SoftmaxAttention(AttentionShape shape, SoftmaxAttentionOptions? options = null, RelativePosition? position = null)
        : base(ProblemCheck.Shape(shape))
    {
        options ??= new SoftmaxAttentionOptions();
        double scale = ArgumentCheck.Factor(options.Scale, nameof(options.Scale)) ?? 1 / Math.Sqrt(shape.HeadDimension);
        _calls = new ScoreCalls(shape, options.Causal, options.QueryOffset, options.QueryOffsets, options.Threads, position, scale, isGaussian: false);
    }

    /// <inheritdoc/>
    public override long WorkspaceBytes => _calls.WorkspaceBytes;

    private protected override ForwardReport Run(in AttentionTensors tensors, KeySelection selection) => _calls.Run(tensors, selection);

    private protected override void ReleaseIdle() => _calls.Trim();

    private protected override void Release() => _calls.Dispose();
}
