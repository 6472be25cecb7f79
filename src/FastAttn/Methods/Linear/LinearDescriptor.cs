using FastAttn.Costs;

namespace FastAttn.Methods;

/// <summary>The linear method, for problems without relative positions.</summary>
internal sealed class LinearDescriptor : MethodDescriptor
{
    public override Method Method => Method.Linear;

    public override Weighed Weigh(in PlanningProblem problem)
    {
        if (problem.HasBias) return Weighed.Impossible(Method, "only for problems without relative positions");
        double tokens = (double)problem.Shape.QueryLength + problem.Shape.KeyLength;
        return new(Method, true, "no relative positions", Operations.State(tokens, problem.Features, problem.Columns) / (problem.Costs.LinearGflops * 1e9));
    }

    public override AttentionMethod Build<TKernels>(in PlanningProblem problem) => new LinearMethod<TKernels>();
}
