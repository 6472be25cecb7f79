using FastAttn.Features;
using FastAttn.Heads;
using FastAttn.Kernels;
using FastAttn.Methods;
using FastAttn.Planning;
using FastAttn.Positions;
using FastAttn.Threading;

namespace FastAttn.Attention;

/// <summary>Forward calls of a system that sums over features: positions prepared, a method planned, heads run by it.</summary>
internal sealed class FeatureCalls : IDisposable
{
    private readonly ForwardCalls _calls;
    private readonly Method _planned;

    /// <param name="settings">The problem.</param>
    /// <param name="stages">Makes features on the tier that runs.</param>
    /// <param name="position">The caller's positions, checked against the problem; null for none.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="gain">What every output goes through at the end; null for nothing.</param>
    /// <param name="floor">The least denominator.</param>
    public FeatureCalls(
        MethodSettings settings, ITierVisitor<FeatureStage> stages, RelativePosition? position, int threads, OutputGain? gain = null, DenominatorFloor floor = default)
    {
        using CallWatch? watch = CallWatch.Begin(default);
        AttentionShape shape = settings.Shape;
        if (shape.IsEmpty)
        {
            Plans = [new ExecutionPlan(settings, MethodChoice.Empty(settings))];
            _planned = Plans[0].Method;
            _calls = new ForwardCalls(shape, [], threads);
            return;
        }

        var known = new Dictionary<PositionExtent, (ExecutionPlan Plan, HeadRunner Runner)>();
        var runners = new HeadRunner[settings.Extents.Length];
        var plans = new ExecutionPlan[settings.Extents.Length];
        for (int sequence = 0; sequence < runners.Length; sequence++)
        {
            PositionExtent extent = settings.Extents[sequence];
            if (!known.TryGetValue(extent, out (ExecutionPlan Plan, HeadRunner Runner) own)) known.Add(extent, own = Prepare(settings, extent, stages, position, gain, floor));
            (plans[sequence], runners[sequence]) = own;
        }

        Plans = plans;
        _planned = plans.CountBy(plan => plan.Method).MaxBy(methods => methods.Value).Key;
        _calls = new ForwardCalls(shape, runners, threads);
    }

    /// <summary>The method that will run and why: one plan for all sequences, or one a sequence.</summary>
    public IReadOnlyList<ExecutionPlan> Plans { get; }

    /// <summary>Bytes of working memory that one head in flight uses.</summary>
    public long WorkspaceBytes => _calls.WorkspaceBytes;

    /// <summary>Computes all heads.</summary>
    public ForwardReport Run(in AttentionTensors tensors, KeySelection selection) => _calls.Run(tensors, selection, _planned, Tiers.Current);

    private static (ExecutionPlan Plan, HeadRunner Runner) Prepare(
        MethodSettings settings, PositionExtent extent, ITierVisitor<FeatureStage> stages, RelativePosition? position, OutputGain? gain, DenominatorFloor floor)
    {
        AttentionShape shape = settings.Shape;
        PreparedPosition prepared = position?.Prepare(extent) ?? new PreparedPosition(null, extent);
        PositionProfile profile = position is null
            ? PositionProfile.Even(shape, extent.LargestOffset, hasBias: false)
            : PositionProfile.Of(shape, prepared, extent.LargestOffset, settings.Allowance);
        MethodChoice choice = MethodChoice.Of(settings, profile);
        return (new ExecutionPlan(settings, choice), Tiers.Visit(Tiers.Current, new RunnerBuilder(settings, choice, stages, prepared, gain, floor)));
    }

    /// <summary>Frees the pooled workspaces; calls in flight keep theirs until they return.</summary>
    public void Dispose() => _calls.Dispose();

    /// <summary>Frees the workspaces that no call uses now.</summary>
    public void Trim() => _calls.Trim();
}
