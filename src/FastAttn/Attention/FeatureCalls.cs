using FastAttn.Features;
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
        PreparedPosition prepared = position?.Prepare(settings.Extent) ?? new PreparedPosition(null, settings.Extent);
        int largestOffset = settings.Extent.LargestOffset;
        Plan = ExecutionPlan.Create(
            settings, position is null ? PositionProfile.Even(shape, largestOffset, hasBias: false) : PositionProfile.Of(shape, prepared, largestOffset, settings.Allowance));
        _calls = new ForwardCalls(shape, Tiers.Visit(Tiers.Current, new RunnerBuilder(settings, Plan, stages, prepared, gain, floor)), threads);
    }

    /// <summary>The method that will run and why.</summary>
    public ExecutionPlan Plan { get; }

    /// <summary>Bytes of working memory that one head in flight uses.</summary>
    public long WorkspaceBytes => _calls.WorkspaceBytes;

    /// <summary>Computes all heads.</summary>
    public ForwardReport Run(in AttentionTensors tensors, KeySelection selection) => _calls.Run(tensors, selection, Plan);

    /// <summary>Frees the pooled workspaces; calls in flight keep theirs until they return.</summary>
    public void Dispose() => _calls.Dispose();
}
