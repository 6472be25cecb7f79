using FastAttn.Costs;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>Tiles for three boxes of keys a token, and states of as many boxes as the tree has.</summary>
internal sealed class MultipoleDescriptor : MethodDescriptor
{
    public override Method Method => Method.Multipole;

    public override Weighed Weigh(in PlanningProblem problem)
    {
        if (problem.WhyNoTails is string reason) return Weighed.Impossible(Method, reason);
        SmoothProfile smooth = SmoothProfile.Of(problem.Positions!, problem.Allowance);
        if (!smooth.IsUsable) return Weighed.Impossible(Method, smooth.Summary);
        (int queries, int keys, int features, int columns) = (problem.Shape.QueryLength, problem.Shape.KeyLength, problem.Features, problem.Columns);
        double far = smooth.Ranks.Average(ranks => TreeOperations(queries, keys, ranks, features, columns));
        return new(Method, true, smooth.Summary, problem.DirectSeconds(3.0 * SmoothTails.LeafTokens * queries) + (far / (problem.Costs.MultipoleGflops * 1e9)));
    }

    public override AttentionMethod Build<TKernels>(in PlanningProblem problem) => new MultipoleMethod<TKernels>(problem.Allowance);

    /// <summary>
    /// Floating-point operations of a multipole tree: every token meets its leaf's nodes, keys of long sequences twice; nodes meet nodes
    /// of the box above, below, and of three that are far.
    /// </summary>
    public static double TreeOperations(int queries, int keys, IReadOnlyList<int> ranks, int features, int columns)
    {
        int levels = Math.Min(ranks.Count, MultipoleSizes.LevelsFor(Math.Max(queries, keys)));
        double meetings = ((double)queries + (MultipoleSizes.SumsTwice(keys) ? 2.0 * keys : keys)) * ranks[0];
        for (int level = 0; level < levels; level++)
        {
            double rank = ranks[level], above = level + 1 < levels ? ranks[level + 1] : 0, tokens = SmoothTails.LeafTokens << level;
            meetings += ((queries * (3 * rank * rank)) + (((double)queries + keys) * rank * above)) / tokens;
        }

        return Operations.State(meetings, features, columns);
    }
}
