using System.Globalization;
using FastAttn.Positions;

namespace FastAttn.Planning;

/// <summary>What the planner wants to know of smooth tails.</summary>
/// <param name="IsUsable">Whether every head has them.</param>
/// <param name="Summary">What was found, in one phrase.</param>
/// <param name="Rank">Interpolation nodes of a box, on average over heads.</param>
internal sealed record SmoothProfile(bool IsUsable, string Summary, double Rank)
{
    /// <summary>Nothing to use, and why.</summary>
    public static SmoothProfile None(string reason) => new(false, reason, double.NaN);

    /// <summary>The tails of every head.</summary>
    public static SmoothProfile Of(PreparedPosition positions, TailAllowance allowance)
    {
        double ranks = 0;
        SmoothTails? hardest = null;
        for (int head = 0; head < positions.Heads.Count; head++)
        {
            if (positions.Structure(head, allowance).Smooth is not SmoothTails smooth)
                return None(string.Create(CultureInfo.InvariantCulture, $"head {head} has no smooth tails, or too few tokens for them"));
            if (hardest is null || smooth.Rank > hardest.Rank) hardest = smooth;
            ranks += smooth.Rank;
        }

        string summary = string.Create(
            CultureInfo.InvariantCulture,
            $"{(positions.Heads.Count > 1 ? "hardest of the heads: " : "")}smooth away from j − i = {hardest!.Center}, rank {hardest.Rank}, errors {hardest.RelativeError:0.#e0} relative and {hardest.AbsoluteError:0.#e0} of the largest");
        return new SmoothProfile(true, summary, ranks / positions.Heads.Count);
    }
}
