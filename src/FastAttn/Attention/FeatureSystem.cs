using FastAttn.Features;
using FastAttn.Heads;
using FastAttn.Kernels;
using FastAttn.Methods;
using FastAttn.Planning;
using FastAttn.Positions;
using FastAttn.Threading;

namespace FastAttn.Attention;

/// <summary>What a system that sums over features is made of. Immutable.</summary>
/// <param name="Settings">Sizes and choices.</param>
/// <param name="Stages">Makes features on a tier.</param>
/// <param name="Gain">What every output goes through at the end; null for nothing.</param>
/// <param name="Floor">The least denominator.</param>
internal sealed record FeatureSystem(MethodSettings Settings, ITierVisitor<FeatureStage> Stages, OutputGain? Gain = null, DenominatorFloor Floor = default)
{
    /// <summary>The plan of the sequences of an extent, and what runs it.</summary>
    /// <param name="extent">The pairs of the sequences.</param>
    /// <param name="position">The caller's positions, checked against the problem; null for none.</param>
    public (ExecutionPlan Plan, HeadRunner Runner) Prepare(PositionExtent extent, RelativePosition? position)
    {
        PreparedPosition prepared = position?.Prepare(extent) ?? new PreparedPosition(null, extent);
        PlanningProblem problem = Settings.Problem(extent, position is null ? null : prepared);
        MethodChoice choice = MethodChoice.Of(Settings.Method, problem);
        return (new ExecutionPlan(Settings, choice, method => MeasureWorkspace(method, problem, prepared)), Build(choice.Method, problem, prepared));
    }

    /// <summary>Bytes that one head in flight works in.</summary>
    public long MeasureWorkspace(Method method, PlanningProblem problem, PreparedPosition positions) =>
        Build(method, problem, positions).MeasureWorkspace(ThreadSplit.Of(Settings.Shape.Batch * Settings.Shape.Heads, Settings.Threads).Workers);

    private HeadRunner Build(Method method, PlanningProblem problem, PreparedPosition positions) =>
        Tiers.Visit(Tiers.Current, new RunnerBuilder(this, method, problem, positions));
}
