using FastAttn.Attention;
using FastAttn.Features;
using FastAttn.Kernels;

namespace FastAttn;

/// <summary>
/// SchoenbAt (Guo et al. 2025): attention with a dot-product kernel f(t) = Σ a_N tᴺ in place of the exponential, its terms random or exact
/// Maclaurin features, between the two halves of its batch normalisation. An immutable plan for one set of sizes,
/// <c>z_i = Σ_j c_{j−i} (φ(q̂_i)·φ(k̂_j)) v_j / Σ_j c_{j−i} (φ(q̂_i)·φ(k̂_j))</c>, then <c>γ∘z</c> or <c>γ∘sign(z)|z|^β</c>.
/// </summary>
/// <remarks>
/// <para>q̂ and k̂ are query and key rows without their mean and of length d^(−1/4). That is preSBN as in the authors' code, one token and head at a time, and
/// the temperature. A row of equal entries becomes zero; no finite row overflows. c = exp(b) are relative positions, which the paper does not have. Without
/// them c = 1, and time is linear in n.</para>
/// <para>Numerator and denominator are unbiased for the series up to degree 20. Their ratio is not. Features can be negative, and so can the denominator. As for
/// <see cref="FeatureMap.Trf"/>, numerator and denominator are accurate relative to the sum of their terms' absolute values, and
/// <c>‖Δz_i‖₂ ≤ Tolerance · max ‖v_j‖₂</c> over the keys that row i sees holds where the denominator keeps at least a twentieth of that sum.
/// Where it cancels to less, the output is the quotient of two numbers near zero, of any size and sign. A denominator of exactly zero gives zeros.</para>
/// <para>More features or exact degrees make that rare. With degree 0 exact, every term is 1 plus an estimate of the rest of the series, which is small because
/// |q̂·k̂| ≤ 1/√d.</para>
/// </remarks>
public sealed class SchoenbatAttention : AttentionSystem
{
    private readonly FeatureCalls _calls;

    /// <summary>Checks the sizes, draws features if none are given, and chooses the method.</summary>
    /// <param name="shape">The sizes of every call.</param>
    /// <param name="options">The choices; defaults when null.</param>
    /// <param name="position">The relative position bias, one for all heads or one a head; null for none.</param>
    /// <exception cref="ShapeException">Sizes contradict each other, the draw or the position.</exception>
    /// <exception cref="ArgumentException">A choice is out of range, contradicts another, or forces a method that cannot compute the problem.</exception>
    public SchoenbatAttention(AttentionShape shape, SchoenbatOptions? options = null, RelativePosition? position = null)
        : base(shape)
    {
        var settings = new SchoenbatSettings(shape, options ?? new SchoenbatOptions());
        position?.CheckProblem(shape, options?.Causal ?? false, nameof(position));
        Draw = settings.Draw;
        _calls = new FeatureCalls(new FeatureSystem(settings.ForMethod, new Stages(Draw), settings.Gain, settings.Floor), position);
    }

    /// <summary>The method that will run and why; that of the first sequence where each has its own query offset.</summary>
    public ExecutionPlan Plan => _calls.Plans[0];

    /// <summary>One plan for all sequences, or one a sequence where each has its own query offset.</summary>
    public IReadOnlyList<ExecutionPlan> Plans => _calls.Plans;

    /// <summary>The features in use: given or drawn.</summary>
    public MaclaurinFeatures Draw { get; }

    /// <summary>Bytes of working memory that one head in flight uses; at most as many heads are in flight as threads run.</summary>
    public override long WorkspaceBytes => _calls.WorkspaceBytes;

    private protected override ForwardReport Run(in AttentionTensors tensors, KeySelection selection) => _calls.Run(tensors, selection);

    private protected override void ReleaseIdle() => _calls.Trim();

    private protected override void Release() => _calls.Dispose();

    private sealed class Stages(MaclaurinFeatures draw) : ITierVisitor<FeatureStage>
    {
        public FeatureStage Visit<TKernels>()
            where TKernels : struct, IKernels => new MaclaurinStage<TKernels>(draw);
    }
}
