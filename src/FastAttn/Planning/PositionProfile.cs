using FastAttn.Methods;
using FastAttn.Positions;

namespace FastAttn.Planning;

/// <summary>What the planner wants to know of the positions.</summary>
/// <param name="HasBias">Whether there is a bias at all.</param>
/// <param name="Pairs">Pairs of query and key whose coefficient is not zero, on average over heads: what the direct method visits.</param>
/// <param name="SteepShare">Share of heads whose coefficients are too steep for the Fourier method's certificate.</param>
/// <param name="Flat">Negligible and constant tails.</param>
/// <param name="Decaying">Tails that may be exponential too.</param>
internal readonly record struct PositionProfile(bool HasBias, double Pairs, double SteepShare, TailProfile Flat, TailProfile Decaying)
{
    /// <summary>What holds for coefficients that are all alike, up to the largest visible offset.</summary>
    public static PositionProfile Even(AttentionShape shape, int largestOffset, bool hasBias) =>
        new(hasBias, PairsUpTo(shape, largestOffset), 0, TailProfile.None(Unknown(hasBias)), TailProfile.None(Unknown(hasBias)));

    /// <summary>What holds for a bias.</summary>
    public static PositionProfile Of(AttentionShape shape, PreparedPosition positions, int largestOffset, TailAllowance allowance)
    {
        double pairs = 0, steep = 0;
        foreach (HeadPosition head in positions.Heads)
        {
            if (head.FirstNonZero > head.LastNonZero) continue;
            pairs += PairsUpTo(shape, head.LastNonZero) - PairsUpTo(shape, head.FirstNonZero - 1);
            if (IsTooSteep(head, shape.KeyLength, allowance.Tolerance)) steep++;
        }

        return new(
            true, pairs / positions.Heads.Count, steep / positions.Heads.Count,
            TailProfile.Of(shape, positions, largestOffset, head => positions.Structure(head, allowance).Flat, "constant or negligible"),
            TailProfile.Of(shape, positions, largestOffset, head => positions.Structure(head, allowance).Decaying, "exponential, constant or negligible"));
    }

    private static string Unknown(bool hasBias) => hasBias ? "needs to see the positions" : "no relative positions, which is linear's case";

    /// <summary>
    /// Whether even rows over even features would fail. The error follows ‖c‖₂ and what it must resolve ‖c‖₁, so the bound,
    /// both its parts, is the constant times √n·‖c‖₂/‖c‖₁: near one for even coefficients, √n when a few offsets hold all.
    /// </summary>
    private static bool IsTooSteep(HeadPosition head, int keys, float tolerance) =>
        2 * FftErrorBound.Unit * Math.Sqrt(keys) * head.Norm / head.Sum > RowCertificate.MethodShare * tolerance;

    /// <summary>Pairs (i, j) with j − i ≤ <paramref name="offset"/>.</summary>
    private static double PairsUpTo(AttentionShape shape, int offset)
    {
        // Row i has offset + 1 + i such keys, none below zero, all of them from some row on.
        double first = Math.Clamp(-offset - 1.0, 0, shape.QueryLength), full = Math.Clamp(shape.KeyLength - 1.0 - offset, first, shape.QueryLength);
        double ramp = full - first;
        return (ramp * (offset + 1.0)) + (ramp * (first + full - 1) / 2) + ((shape.QueryLength - full) * shape.KeyLength);
    }
}
