using FastAttn.Costs;
using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Methods;
using FastAttn.Positions;

namespace FastAttn.Planning;

/// <summary>Estimates every method and takes the cheapest that can compute the problem. Depends on sizes, positions and the cost table, never on query, key and value.</summary>
internal sealed class Planner(AttentionShape shape, int features, PositionProfile positions, CostTable costs)
{
    /// <summary>
    /// What part of a transform's time its outermost step takes, loads and contraction included: grids that pass over half of its
    /// columns were 0.70 to 0.87 of what they were before, by the benchmark program's <c>grids</c> command at 64 to 65,536 tokens.
    /// </summary>
    private const double OutermostShare = 0.4;

    /// <summary>What a feature costs besides its projection is about what projecting so many entries does.</summary>
    private const double EntriesPerMap = 64;

    private readonly int _columns = Padding.RoundUp(shape.ValueDimension, Tiers.Lanes);

    /// <summary>All methods, cheapest admissible first.</summary>
    public IReadOnlyList<MethodCandidate> Candidates() =>
    [
        .. new[] { Direct(), Fft(), Linear(), Tails(Method.Band, positions.Flat), Tails(Method.Decay, positions.Decaying), Multipole() }
            .Select(candidate => candidate with { SecondsPerHead = candidate.SecondsPerHead + AroundSeconds })
            .OrderBy(candidate => candidate.Admissible ? candidate.SecondsPerHead : double.PositiveInfinity),
    ];

    /// <summary>Length of the transforms that the FFT method would use, 0 when the sequence is too long for it.</summary>
    public int FftLength()
    {
        int tokens = Math.Max(shape.QueryLength, shape.KeyLength), places = positions.Layout.Specials > 0 ? positions.Layout.FirstSpecialOffset : positions.Layout.Place(tokens - 1) + 1;
        if (places > FftRecipe.MaximumLength) return 0;
        int next = FftRecipe.NextLength(places), previous = FftRecipe.PreviousLength(places);
        return positions.Layout.IsLine && SurplusTokens.CanStayBeyond(previous, tokens) && FftSeconds(previous) < FftSeconds(next) ? previous : next;
    }

    /// <summary>Floating-point operations of the direct sums over some pairs of query and key.</summary>
    public static double DirectOperations(double pairs, int features, int columns) => 2 * pairs * (features + columns + 1);

    /// <summary>Floating-point operations of a state that takes in some tokens and gives to some.</summary>
    public static double LinearOperations(double tokens, int features, int columns) => 2 * tokens * features * (columns + 1);

    /// <summary>Floating-point operations of one exponential of a tail: keys join a state twice, and part of them once more.</summary>
    public static double TailOperations(double queries, double keys, int features, int columns) => LinearOperations(queries + (2.5 * keys), features, columns);

    /// <summary>
    /// Floating-point operations of a multipole tree: every token meets its leaf's nodes, keys of long sequences twice; nodes meet nodes
    /// of the box above, below, and of three that are far.
    /// </summary>
    public static double MultipoleOperations(int queries, int keys, IReadOnlyList<int> ranks, int features, int columns)
    {
        int levels = Math.Min(ranks.Count, MultipoleSizes.LevelsFor(Math.Max(queries, keys)));
        double meetings = ((double)queries + (MultipoleSizes.SumsTwice(keys) ? 2.0 * keys : keys)) * ranks[0];
        for (int level = 0; level < levels; level++)
        {
            double rank = ranks[level], above = level + 1 < levels ? ranks[level + 1] : 0, tokens = SmoothTails.LeafTokens << level;
            meetings += ((queries * (3 * rank * rank)) + (((double)queries + keys) * rank * above)) / tokens;
        }

        return LinearOperations(meetings, features, columns);
    }

    /// <summary>Transforms of two features and one vector of columns: numerators, and denominators with features in lanes.</summary>
    public static double Transforms(int features, int columns) => features / 2.0 * ((columns + 2.0) / Tiers.Lanes);

    /// <summary>What a call does besides its method.</summary>
    private double AroundSeconds =>
        costs.AroundNanoseconds * 1e-9 * ((double)shape.QueryLength + shape.KeyLength) * features * (shape.HeadDimension + EntriesPerMap) / (64 + EntriesPerMap);

    private MethodCandidate Direct() =>
        new(Method.Direct, true, "always possible", DirectOperations(positions.Pairs, features, _columns) / (costs.DirectGflops * 1e9), WorkspaceBytes(3, 3, 0));

    private MethodCandidate Fft()
    {
        int length = FftLength();
        if (length == 0)
            return new(Method.Fft, false, Invariant($"there are more than {FftRecipe.MaximumLength} {(positions.Layout.IsLine ? "tokens" : "places on the grid")}"), double.NaN, 0);
        double seconds = FftSeconds(length);
        int surplus = Math.Max(Math.Max(shape.QueryLength, shape.KeyLength) - length, 0);
        string tiles = positions.Layout.Specials > 0 ? Invariant($", direct tiles for {positions.Layout.Specials} special tokens")
            : positions.Layout.IsLine && surplus > 0 ? Invariant($", direct tiles for the last {surplus} tokens") : "";
        string reason = Invariant($"transforms of length {length}{tiles}");
        long bytes = WorkspaceBytes(3, 3, 4 * Tiers.Lanes);
        return positions.SteepShare > 0
            ? new(
                Method.Fft, true, Invariant($"{reason}; {positions.SteepShare:P0} of the heads have a bias so steep that direct computes them in the end"),
                seconds + (positions.SteepShare * Direct().SecondsPerHead), bytes)
            : new(Method.Fft, true, reason, seconds, bytes);
    }

    /// <summary>Transforms of this length, and tiles for those pairs beyond them that have a coefficient.</summary>
    private double FftSeconds(int length)
    {
        double transforms = Transforms(features, _columns) * length * costs.FftNanosecondsPerPoint(length) * 1e-9 * (1 - (OutermostShare * EmptyColumns(length)));
        if (positions.Layout.Specials > 0)
            return transforms + (DirectOperations(SpecialTokenPairs.Count(positions.Layout, shape.KeyLength), features, _columns) / (costs.DirectGflops * 1e9));
        if (!positions.Layout.IsLine) return transforms;
        double pairs = SurplusTokens.Pairs(length, shape.QueryLength, shape.KeyLength) * positions.Pairs / ((double)shape.QueryLength * shape.KeyLength);
        return transforms + (DirectOperations(pairs, features, _columns) / (costs.DirectGflops * 1e9));
    }

    private MethodCandidate Linear() => positions.HasBias
        ? new(Method.Linear, false, "only for problems without relative positions", double.NaN, 0)
        : new(
            Method.Linear, true, "no relative positions",
            LinearOperations((double)shape.QueryLength + shape.KeyLength, features, _columns) / (costs.LinearGflops * 1e9), WorkspaceBytes(3, 3, 0));

    /// <summary>Tiles for the near pairs, states for the rest.</summary>
    private MethodCandidate Tails(Method method, TailProfile tails)
    {
        if (!tails.IsUsable) return new(method, false, tails.Summary, double.NaN, 0);
        double near = DirectOperations(tails.NearPairs, features, _columns) / costs.DirectGflops;
        double far = tails.Terms * TailOperations(shape.QueryLength, shape.KeyLength, features, _columns) / costs.TailGflops;
        return new(method, true, tails.Summary, (near + far) * 1e-9, WorkspaceBytes(3, 3, 64));
    }

    /// <summary>Tiles for three boxes of keys a token, states of as many boxes as the tree has.</summary>
    private MethodCandidate Multipole()
    {
        SmoothProfile smooth = positions.Smooth;
        if (!smooth.IsUsable) return new(Method.Multipole, false, smooth.Summary, double.NaN, 0);
        double near = DirectOperations(3.0 * SmoothTails.LeafTokens * shape.QueryLength, features, _columns) / costs.DirectGflops;
        double far = smooth.Ranks.Average(ranks => MultipoleOperations(shape.QueryLength, shape.KeyLength, ranks, features, _columns)) / costs.MultipoleGflops;
        return new(Method.Multipole, true, smooth.Summary, (near + far) * 1e-9, WorkspaceBytes(3, 3, 64) + (64 << 20));
    }

    private long WorkspaceBytes(int featureCopies, int valueCopies, int extra) =>
        4L * Math.Max(Math.Max(shape.QueryLength, shape.KeyLength), FftLength()) * ((featureCopies * features) + (valueCopies * _columns) + extra);

    /// <summary>Share of the transform's columns that hold no token.</summary>
    private double EmptyColumns(int length)
    {
        int pitch = positions.Layout.IsLine ? 0 : SlotTokens.EvenPitch(positions.Layout, positions.Layout.Specials > 0 ? positions.Layout.GridTokens : shape.KeyLength, length);
        return pitch == 0 ? 0 : 1 - (positions.Layout.Width / (double)pitch);
    }
}
