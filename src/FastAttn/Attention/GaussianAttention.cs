using FastAttn.Attention;

namespace FastAttn;

/// <summary>
/// Exact attention with the Gaussian kernel (Chen et al. 2021, eq. 3), extended by relative positions: an immutable plan for one set of
/// sizes, <c>out_i = Σ_j exp(b_{j−i} − ‖q_i − k_j‖²/(2√d)) v_j</c>. There is no denominator.
/// </summary>
/// <remarks>
/// <para>Time and memory are those of <see cref="SoftmaxAttention"/>. <see cref="SkyformerAttention"/> approximates it in linear time.</para>
/// <para>With D = ‖q_i − k_j‖²/(2√d), a weight has a relative error of about 2⁻¹² + 2D·√d·2⁻²⁴, and never more than (d + 8)/√d times that, whatever the norms are.
/// For this, rows are measured from a point amid the keys. Queries further than 32 from that point are computed by differences, which takes some twenty times
/// as long. The sums add at most 5e-6 of Σ weight·‖v_j‖, for any number of keys.</para>
/// <para>Outputs, bias and values must stay within float32, because nothing divides them. These are lost: weights below 2⁻⁸⁶ of a row's largest (of one where
/// there is no bias), and digits of outputs and values below 1e-24 beside a value above 3e26.</para>
/// </remarks>
public sealed class GaussianAttention : AttentionSystem
{
    private readonly ScoreCalls _calls;

    /// <summary>Checks the sizes and prepares the biases.</summary>
    /// <param name="shape">The sizes of every call.</param>
    /// <param name="options">The choices; defaults when null.</param>
    /// <param name="position">The relative position bias of any kind, one for all heads or one a head; null for none.</param>
    /// <exception cref="ShapeException">Sizes contradict each other or the position.</exception>
    /// <exception cref="ArgumentException">A choice is out of range or contradicts another.</exception>
    public GaussianAttention(AttentionShape shape, GaussianAttentionOptions? options = null, RelativePosition? position = null)
        : base(ProblemCheck.Shape(shape))
    {
        options ??= new GaussianAttentionOptions();
        double scale = 1 / Math.Sqrt(shape.HeadDimension);
        _calls = new ScoreCalls(shape, options.Causal, options.QueryOffset, options.QueryOffsets, options.Threads, position, scale, isGaussian: true);
    }

    /// <inheritdoc/>
    public override long WorkspaceBytes => _calls.WorkspaceBytes;

    private protected override ForwardReport Run(in AttentionTensors tensors, KeySelection selection) => _calls.Run(tensors, selection);

    private protected override void ReleaseIdle() => _calls.Trim();

    private protected override void Release() => _calls.Dispose();
}
