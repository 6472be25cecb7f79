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

    /// <param name="system">The system.</param>
    /// <param name="position">The caller's positions, checked against the problem; null for none.</param>
    public FeatureCalls(FeatureSystem system, RelativePosition? position)
    {
        using CallWatch? watch = CallWatch.Begin(default);
        MethodSettings settings = system.Settings;
        AttentionShape shape = settings.Shape;
        if (shape.IsEmpty)
        {
            Plans = [ExecutionPlan.Empty(settings)];
            _planned = Plans[0].Method;
            _calls = new ForwardCalls(shape, [], settings.Threads);
            return;
        }

        var known = new Dictionary<PositionExtent, (ExecutionPlan Plan, HeadRunner Runner)>();
        var runners = new HeadRunner[settings.Extents.Length];
        var plans = new ExecutionPlan[settings.Extents.Length];
        for (int sequence = 0; sequence < runners.Length; sequence++)
        {
            PositionExtent extent = settings.Extents[sequence];
            if (!known.TryGetValue(extent, out (ExecutionPlan Plan, HeadRunner Runner) own)) known.Add(extent, own = system.Prepare(extent, position));
            (plans[sequence], runners[sequence]) = own;
        }

        Plans = plans;
        _planned = plans.CountBy(plan => plan.Method).MaxBy(methods => methods.Value).Key;
        _calls = new ForwardCalls(shape, runners, settings.Threads);
    }

    /// <summary>The method that will run and why: one plan for all sequences, or one a sequence.</summary>
    public IReadOnlyList<ExecutionPlan> Plans { get; }

    /// <summary>Bytes of working memory that one head in flight uses.</summary>
    public long WorkspaceBytes => _calls.WorkspaceBytes;

    /// <summary>Computes all heads.</summary>
    public ForwardReport Run(in AttentionTensors tensors, KeySelection selection) => _calls.Run(tensors, selection, _planned, Tiers.Current);

    /// <summary>Frees the pooled workspaces; calls in flight keep theirs until they return.</summary>
    public void Dispose() => _calls.Dispose();

    /// <summary>Frees the workspaces that no call uses now.</summary>
    public void Trim() => _calls.Trim();
}
