using FastAttn.Positions;

namespace FastAttn.Planning;

/// <summary>What the planner wants to know of the positions.</summary>
/// <param name="HasBias">Whether there is a bias at all.</param>
/// <param name="Pairs">Pairs of query and key whose coefficient is not zero, on average over heads: what the direct method visits.</param>
/// <param name="Steepness">
/// ‖c‖₂ / ‖c‖₁, the worst head's: near 1/√n for even coefficients, near one when a few offsets hold nearly all. The Fourier
/// method's error follows ‖c‖₂ and what it must resolve follows ‖c‖₁.
/// </param>
internal readonly record struct PositionProfile(bool HasBias, double Pairs, double Steepness)
{
    /// <summary>What holds for coefficients that are all alike, up to the largest visible offset.</summary>
    public static PositionProfile Even(AttentionShape shape, int largestOffset, bool hasBias) =>
        new(hasBias, PairsUpTo(shape, largestOffset), 1 / Math.Sqrt(Math.Max(1.0, (double)largestOffset + shape.QueryLength)));

    /// <summary>What holds for a bias.</summary>
    public static PositionProfile Of(AttentionShape shape, PreparedPosition positions)
    {
        double pairs = 0, steepness = 0;
        foreach (HeadPosition head in positions.Heads)
        {
            if (head.FirstNonZero > head.LastNonZero) continue;
            pairs += PairsUpTo(shape, head.LastNonZero) - PairsUpTo(shape, head.FirstNonZero - 1);
            steepness = Math.Max(steepness, head.Norm / head.Sum);
        }

        return new(true, pairs / positions.Heads.Count, steepness);
    }

    /// <summary>Pairs (i, j) with j − i ≤ <paramref name="offset"/>.</summary>
    private static double PairsUpTo(AttentionShape shape, int offset)
    {
        // Row i has offset + 1 + i such keys, none below zero, all of them from some row on.
        double first = Math.Clamp(-offset - 1.0, 0, shape.QueryLength), full = Math.Clamp(shape.KeyLength - 1.0 - offset, first, shape.QueryLength);
        double ramp = full - first;
        return (ramp * (offset + 1.0)) + (ramp * (first + full - 1) / 2) + ((shape.QueryLength - full) * shape.KeyLength);
    }
}
