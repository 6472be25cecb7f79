using FastAttn.Costs;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>What methods are weighed by: sizes, positions and the cost table, never query, key and value.</summary>
internal readonly struct PlanningProblem
{
    /// <summary>What a feature costs besides its projection is about what projecting so many entries does.</summary>
    private const double EntriesPerMap = 64;

    private PlanningProblem(AttentionShape shape, int features, TailAllowance allowance, PreparedPosition? positions, bool hasBias)
    {
        Shape = shape;
        Features = features;
        Allowance = allowance;
        Positions = positions;
        HasBias = hasBias;
        Columns = Padding.RoundUp(shape.ValueDimension, Tiers.Lanes);
        Costs = MachineTable.Current.Table;
    }

    /// <summary>The sizes of every head.</summary>
    public AttentionShape Shape { get; }

    /// <summary>Features of a row.</summary>
    public int Features { get; }

    /// <summary>Value columns as kernels take them.</summary>
    public int Columns { get; }

    /// <summary>How far tails of the coefficients may be from what stands for them.</summary>
    public TailAllowance Allowance { get; }

    /// <summary>The positions; null where there are none, or where they are not known yet.</summary>
    public PreparedPosition? Positions { get; }

    /// <summary>Whether there is a bias at all.</summary>
    public bool HasBias { get; }

    /// <summary>What kernels cost on this machine.</summary>
    public CostTable Costs { get; }

    /// <summary>Pairs of query and key whose coefficient is not zero, on average over heads: what the direct method visits.</summary>
    public double Pairs { get; private init; }

    /// <summary>Where tokens stand.</summary>
    public TokenLayout Layout => Positions?.Layout ?? TokenLayout.Line;

    /// <summary>Why tails cannot be looked at; null when they can.</summary>
    public string? WhyNoTails => Positions is null ? HasBias ? "needs to see the positions" : "no relative positions, which is linear's case"
        : Layout.IsLine ? null : "positions are on a grid";

    /// <summary>What a call does besides its method, which is the same for all of them.</summary>
    public double AroundSeconds =>
        Costs.AroundNanoseconds * 1e-9 * ((double)Shape.QueryLength + Shape.KeyLength) * Features * (Shape.HeadDimension + EntriesPerMap) / (64 + EntriesPerMap);

    /// <summary>Coefficients that are all alike up to the largest visible offset, or of which nothing is known.</summary>
    public static PlanningProblem Even(AttentionShape shape, int features, TailAllowance allowance, int largestOffset, bool hasBias) =>
        new(shape, features, allowance, null, hasBias) { Pairs = PairsUpTo(shape, largestOffset) };

    /// <summary>A bias.</summary>
    public static PlanningProblem Of(AttentionShape shape, int features, TailAllowance allowance, PreparedPosition positions)
    {
        double pairs = 0;
        foreach (HeadPosition head in positions.Heads)
        {
            if (head.FirstNonZero > head.LastNonZero) continue;
            pairs += positions.Layout.Specials > 0 ? (double)shape.QueryLength * shape.KeyLength : positions.Layout.IsLine
                ? PairsUpTo(shape, head.LastNonZero) - PairsUpTo(shape, head.FirstNonZero - 1)
                : GridPairsUpTo(shape, positions.Layout, head.LastNonZero) - GridPairsUpTo(shape, positions.Layout, head.FirstNonZero - 1);
        }

        return new(shape, features, allowance, positions, hasBias: true) { Pairs = pairs / positions.Heads.Count };
    }

    /// <summary>Seconds of direct tiles over some pairs.</summary>
    public double DirectSeconds(double pairs) => Operations.Direct(pairs, Features, Columns) / (Costs.DirectGflops * 1e9);

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
