using FastAttn.Attention;

namespace FastAttn;

/// <summary>
/// Exact softmax attention with relative positions: an immutable plan for one set of sizes,
/// <c>z_i = Σ_j softmax_j(scale·q_i·k_j + b_{j−i}) v_j</c>. The drop-in for models that were trained with softmax.
/// </summary>
/// <remarks>
/// <para>No n×n matrix is made. Keys go by in blocks, and weights are relative to the largest score so far (Milakov and Gimelshein 2018; Dao et al. 2022).
/// Time is O(n_q·n_k·(d + d_v)) a head. A head that is being computed uses 4·n_k·(d + d_v) bytes, and less than a megabyte a thread. The plan keeps
/// 4·(n_q + n_k) bytes of bias, once for all heads or once a head.</para>
/// <para>Exact to float32 rounding. A weight has a relative error of about d·2⁻²⁴ times the size of its score, bias included. The sums add at most
/// 9.2e-6 (AVX-512), 1.3e-5 (AVX2) or 2.1e-5 (others) of the largest ‖v_j‖, for any number of keys; usually some 1e-6.</para>
/// <para>Some rows are computed in float64, which takes some ten times as long: queries whose scores may be beyond 2¹²⁰, and rows whose best score is
/// 45,426 (2¹⁶·ln 2) or more below their head's largest bias, such as rows that see only keys with a bias of −1e9. A bias counts relative to the largest of
/// its head. In a head with a value above 3e26, weights below 2⁻⁸⁶ of a row's largest are lost, and products with values below 1e-24 lose digits.</para>
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
