using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>What the planner wants to know of smooth tails.</summary>
/// <param name="IsUsable">Whether every head has them.</param>
/// <param name="Summary">What was found, in one phrase.</param>
/// <param name="Ranks">Interpolation nodes of a box at each level, head by head.</param>
internal sealed record SmoothProfile(bool IsUsable, string Summary, IReadOnlyList<int[]> Ranks)
{
    /// <summary>Nothing to use, and why.</summary>
    public static SmoothProfile None(string reason) => new(false, reason, []);

    /// <summary>The tails of every head.</summary>
    public static SmoothProfile Of(PreparedPosition positions, TailAllowance allowance)
    {
        var ranks = new List<int[]>();
        SmoothTails? hardest = null;
        for (int head = 0; head < positions.Heads.Count; head++)
        {
            if (positions.Structure(head, allowance).Smooth is not SmoothTails smooth)
                return None(Invariant($"exp(bias) of head {head} is not smooth, or there are too few tokens"));
            if (hardest is null || smooth.Ranks.Max() > hardest.Ranks.Max()) hardest = smooth;
            ranks.Add(smooth.Ranks);
        }

        string which = positions.Heads.Count > 1 ? "in the head that needs the most, " : "", nodes = string.Join(", ", hardest!.Ranks);
        string error = ErrorText.Of(hardest.RelativeError, hardest.AbsoluteError);
        return new SmoothProfile(
            true, Invariant($"{which}exp(bias) is smooth away from j − i = {hardest.Center}: {nodes} nodes a box at the levels of its tree, {error}"), ranks);
    }
}
