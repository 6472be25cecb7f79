using FastAttn.Attention;

namespace FastAttn;

/// <summary>
/// Kernelized attention with relative positions (Luo et al. 2021, eq. 10): an immutable plan for one set of sizes,
/// <c>z_i = Σ_j c_{j−i} (φ(q_i)·φ(k_j)) v_j / Σ_j c_{j−i} (φ(q_i)·φ(k_j))</c> with <c>c = exp(b)</c>.
/// </summary>
/// <remarks>
/// <para>This is another function than softmax attention: train a model with it.</para>
/// <para>Every row keeps <c>‖Δz_i‖₂ ≤ Tolerance · max ‖v_j‖₂</c> over the keys that it sees (signed maps: see <see cref="FeatureMap.Trf"/>).
/// Rows that a fast method cannot certify are computed again.</para>
/// <para>Time and memory of a call are those of the method that <see cref="Plan"/> names (see <see cref="Method"/>), and O(n·m·d) for the features. Making a plan
/// with positions takes O(N·log N) a head, N the Fourier length, once for all attentions that share the position and the sizes.</para>
/// </remarks>
public sealed class KernelizedAttention : AttentionSystem
{
    private readonly FeatureCalls _calls;
    private readonly bool _checksFeatures;

    /// <summary>Checks the sizes, chooses the method and prepares what does not depend on query, key and value.</summary>
    /// <param name="shape">The sizes of every call.</param>
    /// <param name="options">The choices; defaults when null.</param>
    /// <param name="position">The relative position bias, one for all heads or one a head; null for none.</param>
    /// <exception cref="ShapeException">Sizes contradict each other, the projection or the position.</exception>
    /// <exception cref="ArgumentException">A choice is out of range, contradicts another, or forces a method that cannot compute the problem.</exception>
    public KernelizedAttention(AttentionShape shape, KernelizedAttentionOptions? options = null, RelativePosition? position = null)
        : base(shape)
    {
        options ??= new KernelizedAttentionOptions();
        var settings = new KernelizedAttentionSettings(shape, options);
        position?.CheckProblem(shape, options.Causal, nameof(position));
        Projection = settings.ProjectionOf(options);
        _checksFeatures = settings.Defaults.IsGiven && !settings.IsSigned;
        _calls = new FeatureCalls(settings.SystemOf(Projection), position);
    }

    /// <summary>The method that will run and why; that of the first sequence where each has its own query offset.</summary>
    public ExecutionPlan Plan => _calls.Plans[0];

    /// <summary>One plan for all sequences, or one a sequence where each has its own query offset.</summary>
    public IReadOnlyList<ExecutionPlan> Plans => _calls.Plans;

    /// <summary>The projection in use: given or drawn; null for maps without one.</summary>
    public RandomProjection? Projection { get; }

    /// <summary>Bytes of working memory that one head in flight uses; at most as many heads are in flight as threads run.</summary>
    public override long WorkspaceBytes => _calls.WorkspaceBytes;

    private protected override ForwardReport Run(in AttentionTensors tensors, KeySelection selection)
    {
        if (_checksFeatures) GivenFeaturesCheck.NotNegative(tensors, selection);
        return _calls.Run(tensors, selection);
    }

    private protected override void ReleaseIdle() => _calls.Trim();

    private protected override void Release() => _calls.Dispose();
}
