using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>What the planner wants to know of tails that a method would use.</summary>
/// <param name="IsUsable">Whether every head has tails worth the name.</param>
/// <param name="Summary">What was found, in one phrase.</param>
/// <param name="NearPairs">Pairs of query and key that go through tiles, on average over heads.</param>
/// <param name="Terms">Constants and exponentials of both tails that need a state of their own, on average over heads.</param>
internal sealed record TailProfile(bool IsUsable, string Summary, double NearPairs, double Terms)
{
    /// <summary>Rows to which near parts are rounded, about, on any tier.</summary>
    private const int TypicalRowTile = 8;

    /// <summary>Nothing to use, and why.</summary>
    public static TailProfile None(string reason) => new(false, reason, double.NaN, double.NaN);

    /// <summary>The tails of every head.</summary>
    public static TailProfile Of(in PlanningProblem problem, Func<int, CoefficientTails> tailsOf, string kinds)
    {
        PreparedPosition positions = problem.Positions!;
        var sizes = new HeadProblem { QueryCount = problem.Shape.QueryLength, KeyCount = problem.Shape.KeyLength };
        double pairs = 0, terms = 0;
        CoefficientTails? widest = null;
        for (int head = 0; head < positions.Heads.Count; head++)
        {
            CoefficientTails tails = tailsOf(head);
            HeadPosition position = positions.Head(head);
            if (tails.BandLength > position.LastVisible - position.FirstVisible)
                return None(Invariant($"head {head} has no side where exp(bias) is {kinds}"));
            if (widest is null || tails.BandLength > widest.BandLength) widest = tails;
            pairs += PairsBetween(sizes, tails);

            // Constants of both sides are summed once, and rows meet them as one.
            bool isShared = tails.Left.Terms.Any(term => term.Ratio == 1) && tails.Right.Terms.Any(term => term.Ratio == 1);
            terms += tails.Left.Terms.Length + tails.Right.Terms.Length - (isShared ? 1 : 0);
        }

        int heads = positions.Heads.Count;
        return new TailProfile(true, Describe(widest!, heads), pairs / heads, terms / heads);
    }

    private static double PairsBetween(in HeadProblem sizes, CoefficientTails tails)
    {
        var left = new TailReach(true, tails.Left, sizes, TypicalRowTile);
        var right = new TailReach(false, tails.Right, sizes, TypicalRowTile);
        double rows = 0;
        for (int block = 0; block < left.Blocks; block++) rows += left.Row(block) - right.Row(block);
        return rows * Kernels.KernelShape.KeyTile;
    }

    private static string Describe(CoefficientTails tails, int heads)
    {
        string which = heads > 1 ? "in the head with the most offsets between, " : "", error = ErrorText.Of(tails.RelativeError, tails.AbsoluteError);
        return Invariant($"{which}exp(bias) is {Side(tails.Left, "≤")} and {Side(tails.Right, "≥")}, {tails.BandLength} offsets between, {error}");
    }

    private static string Side(Tail tail, string relation) => Invariant($"{tail.Kind} for j − i {relation} {tail.Edge}");
}
