using FastAttn.Positions;

namespace FastAttn.Planning;

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
                return None(Invariant($"head {head} has no smooth tails, or too few tokens for them"));
            if (hardest is null || smooth.Ranks.Max() > hardest.Ranks.Max()) hardest = smooth;
            ranks.Add(smooth.Ranks);
        }

        string summary = Invariant($"{(positions.Heads.Count > 1 ? "hardest of the heads: " : "")}smooth away from j − i = {hardest!.Center}, ranks {string.Join(' ', hardest.Ranks)}, errors {hardest.RelativeError:0.#e0} relative and {hardest.AbsoluteError:0.#e0} of the largest");
        return new SmoothProfile(true, summary, ranks);
    }
}
