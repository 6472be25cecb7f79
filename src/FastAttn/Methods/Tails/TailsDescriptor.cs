using FastAttn.Costs;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>Tiles for near pairs and states for the rest: <see cref="Method.Band"/> or <see cref="Method.Decay"/>.</summary>
internal sealed class TailsDescriptor(Method method) : MethodDescriptor
{
    public override Method Method => method;

    public override Weighed Weigh(in PlanningProblem problem)
    {
        if (problem.WhyNoTails is string reason) return Weighed.Impossible(Method, reason);
        TailProfile tails = Profile(problem);
        if (!tails.IsUsable) return Weighed.Impossible(Method, tails.Summary);
        double far = tails.Terms * TermOperations(problem.Shape.QueryLength, problem.Shape.KeyLength, problem.Features, problem.Columns);
        return new(Method, true, tails.Summary, problem.DirectSeconds(tails.NearPairs) + (far / (problem.Costs.TailGflops * 1e9)));
    }

    public override AttentionMethod Build<TKernels>(in PlanningProblem problem) => new TailScanMethod<TKernels>(Method, problem.Allowance);

    /// <summary>Floating-point operations of one exponential of a tail: keys join a state twice, and part of them once more.</summary>
    public static double TermOperations(double queries, double keys, int features, int columns) => Operations.State(queries + (2.5 * keys), features, columns);

    private TailProfile Profile(in PlanningProblem problem)
    {
        PreparedPosition positions = problem.Positions!;
        TailAllowance allowance = problem.Allowance;
        return Method == Method.Band
            ? TailProfile.Of(problem, head => positions.Structure(head, allowance).Flat, "constant or almost zero")
            : TailProfile.Of(problem, head => positions.Structure(head, allowance).Decaying, "exponential, constant or almost zero");
    }
}
