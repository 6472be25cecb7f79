using FastAttn.Methods;
using FastAttn.Positions;

namespace FastAttn.Planning;

/// <summary>What the planner wants to know of the positions.</summary>
/// <param name="HasBias">Whether there is a bias at all.</param>
/// <param name="Pairs">Pairs of query and key whose coefficient is not zero, on average over heads: what the direct method visits.</param>
/// <param name="SteepShare">Share of heads whose coefficients are too steep for the Fourier method's certificate.</param>
/// <param name="Flat">Negligible and constant tails.</param>
/// <param name="Decaying">Tails that may be exponential too.</param>
/// <param name="Smooth">Smooth tails.</param>
/// <param name="Layout">Where tokens stand.</param>
internal readonly record struct PositionProfile(bool HasBias, double Pairs, double SteepShare, TailProfile Flat, TailProfile Decaying, SmoothProfile Smooth, TokenLayout Layout)
{
    /// <summary>What holds for coefficients that are all alike, up to the largest visible offset.</summary>
    public static PositionProfile Even(AttentionShape shape, int largestOffset, bool hasBias) =>
        new(hasBias, PairsUpTo(shape, largestOffset), 0, TailProfile.None(Unknown(hasBias)), TailProfile.None(Unknown(hasBias)), SmoothProfile.None(Unknown(hasBias)), TokenLayout.Line);

    /// <summary>What holds for a bias.</summary>
    public static PositionProfile Of(AttentionShape shape, PreparedPosition positions, int largestOffset, TailAllowance allowance)
    {
        double pairs = 0, steep = 0;
        foreach (HeadPosition head in positions.Heads)
        {
            if (head.FirstNonZero > head.LastNonZero) continue;
            pairs += positions.Layout.Specials > 0 ? (double)shape.QueryLength * shape.KeyLength : positions.Layout.IsLine
                ? PairsUpTo(shape, head.LastNonZero) - PairsUpTo(shape, head.FirstNonZero - 1)
                : GridPairsUpTo(shape, positions.Layout, head.LastNonZero) - GridPairsUpTo(shape, positions.Layout, head.FirstNonZero - 1);
            if (IsTooSteep(head, allowance.Tolerance)) steep++;
        }

        double share = steep / positions.Heads.Count;
        pairs /= positions.Heads.Count;
        return positions.Layout.IsLine
            ? new(
                true, pairs, share,
                TailProfile.Of(shape, positions, largestOffset, head => positions.Structure(head, allowance).Flat, "constant or almost zero"),
                TailProfile.Of(shape, positions, largestOffset, head => positions.Structure(head, allowance).Decaying, "exponential, constant or almost zero"),
                SmoothProfile.Of(positions, allowance), positions.Layout)
            : new(true, pairs, share, TailProfile.None(OnGrid), TailProfile.None(OnGrid), SmoothProfile.None(OnGrid), positions.Layout);
    }

    private const string OnGrid = "positions are on a grid";

    private static string Unknown(bool hasBias) => hasBias ? "needs to see the positions" : "no relative positions, which is linear's case";

    /// <summary>
    /// Whether even rows over even features would fail. The error follows ‖c‖₂ and what it must resolve ‖c‖₁, so the bound,
    /// both its parts, is the constant times √n·‖c‖₂/‖c‖₁: near one for even coefficients, √n when a few offsets hold all.
    /// n counts places of keys: a grid has as many more offsets that no row sees all of.
    /// </summary>
    private static bool IsTooSteep(HeadPosition head, float tolerance) =>
        2 * FftErrorBound.Unit * Math.Sqrt(head.LastOffset + 1.0) * head.Norm / head.Sum > RowCertificate.MethodShare * tolerance;

    /// <summary>Pairs (i, j) with j − i ≤ <paramref name="offset"/>.</summary>
    private static double PairsUpTo(AttentionShape shape, int offset)
    {
        // Row i has offset + 1 + i such keys, none below zero, all of them from some row on.
        double first = Math.Clamp(-offset - 1.0, 0, shape.QueryLength), full = Math.Clamp(shape.KeyLength - 1.0 - offset, first, shape.QueryLength);
        double ramp = full - first;
        return (ramp * (offset + 1.0)) + (ramp * (first + full - 1) / 2) + ((shape.QueryLength - full) * shape.KeyLength);
    }

    /// <summary>Pairs of tokens of a grid whose places are at most <paramref name="offset"/> apart.</summary>
    private static double GridPairsUpTo(AttentionShape shape, TokenLayout layout, int offset)
    {
        // Offsets run through the (Δy, Δx) row by row; (h − |Δy|)·(w − |Δx|) pairs are so far apart.
        int height = shape.QueryLength / layout.Width, width = layout.Width;
        (int row, int column) = Math.DivRem(offset + layout.Place(shape.QueryLength - 1), layout.Pitch);
        double pairs = 0, part = 0;
        for (int dy = 1 - height; dy < row - (height - 1); dy++) pairs += height - Math.Abs(dy);
        for (int dx = 1 - width; dx <= column - (width - 1); dx++) part += width - Math.Abs(dx);
        return (pairs * width * width) + (part * Math.Max(height - Math.Abs(row - (height - 1)), 0));
    }
}
