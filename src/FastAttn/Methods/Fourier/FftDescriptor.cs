using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>The Fourier method, for sequences and grids that a transform holds.</summary>
internal sealed class FftDescriptor : MethodDescriptor
{
    /// <summary>
    /// What part of a transform's time its outermost step takes, loads and contraction included: grids that pass over half of its
    /// columns were 0.70 to 0.87 of what they were before, by the benchmark program's <c>grids</c> command at 64 to 65,536 tokens.
    /// </summary>
    private const double OutermostShare = 0.4;

    public override Method Method => Method.Fft;

    public override Weighed Weigh(in PlanningProblem problem)
    {
        TokenLayout layout = problem.Layout;
        int length = Length(problem);
        if (length == 0) return Weighed.Impossible(Method, Invariant($"there are more than {FftRecipe.MaximumLength} {(layout.IsLine ? "tokens" : "places on the grid")}"));
        double seconds = Seconds(problem, length);
        int surplus = Math.Max(Math.Max(problem.Shape.QueryLength, problem.Shape.KeyLength) - length, 0);
        string tiles = layout.Specials > 0 ? Invariant($", direct tiles for {layout.Specials} special tokens")
            : layout.IsLine && surplus > 0 ? Invariant($", direct tiles for the last {surplus} tokens") : "";
        string reason = Invariant($"transforms of length {length}{tiles}");
        double steep = SteepShare(problem);
        return steep > 0
            ? new(Method, true, Invariant($"{reason}; {steep:P0} of the heads have a bias so steep that direct computes them in the end"), seconds + (steep * problem.DirectSeconds(problem.Pairs)))
            : new(Method, true, reason, seconds);
    }

    public override AttentionMethod Build<TKernels>(in PlanningProblem problem) =>
        new FftMethod<TKernels>(LaneFft.Get(Length(problem), TKernels.Lanes), problem.Layout, problem.Shape.KeyLength);

    /// <summary>Length of the transforms that a problem gets, 0 when the sequence is too long for any.</summary>
    public static int Length(in PlanningProblem problem)
    {
        TokenLayout layout = problem.Layout;
        int tokens = Math.Max(problem.Shape.QueryLength, problem.Shape.KeyLength), places = layout.Specials > 0 ? layout.FirstSpecialOffset : layout.Place(tokens - 1) + 1;
        if (places > FftRecipe.MaximumLength) return 0;
        int next = FftRecipe.NextLength(places), previous = FftRecipe.PreviousLength(places);
        return layout.IsLine && SurplusTokens.CanStayBeyond(previous, tokens) && Seconds(problem, previous) < Seconds(problem, next) ? previous : next;
    }

    /// <summary>Transforms of two features and one vector of columns: numerators, and denominators with features in lanes.</summary>
    public static double Transforms(int features, int columns) => features / 2.0 * ((columns + 2.0) / Tiers.Lanes);

    /// <summary>Transforms of this length, and tiles for those pairs beyond them that have a coefficient.</summary>
    private static double Seconds(in PlanningProblem problem, int length)
    {
        TokenLayout layout = problem.Layout;
        int queries = problem.Shape.QueryLength, keys = problem.Shape.KeyLength;
        double transforms = Transforms(problem.Features, problem.Columns) * length * problem.Costs.FftNanosecondsPerPoint(length) * 1e-9
            * (1 - (OutermostShare * EmptyColumns(problem, length)));
        if (layout.Specials > 0) return transforms + problem.DirectSeconds(SpecialTokenPairs.Count(layout, keys));
        if (!layout.IsLine) return transforms;
        return transforms + problem.DirectSeconds(SurplusTokens.Pairs(length, queries, keys) * problem.Pairs / ((double)queries * keys));
    }

    /// <summary>Share of the transform's columns that hold no token.</summary>
    private static double EmptyColumns(in PlanningProblem problem, int length)
    {
        TokenLayout layout = problem.Layout;
        int pitch = layout.IsLine ? 0 : SlotTokens.EvenPitch(layout, layout.Specials > 0 ? layout.GridTokens : problem.Shape.KeyLength, length);
        return pitch == 0 ? 0 : 1 - (layout.Width / (double)pitch);
    }

    /// <summary>
    /// Share of heads whose coefficients are so steep that even rows over even features would fail. The error follows ‖c‖₂ and what it must resolve ‖c‖₁, so the bound,
    /// both its parts, is the constant times √n·‖c‖₂/‖c‖₁: near one for even coefficients, √n when a few offsets hold all.
    /// n counts places of keys: a grid has as many more offsets that no row sees all of.
    /// </summary>
    private static double SteepShare(in PlanningProblem problem)
    {
        if (problem.Positions is null) return 0;
        float limit = AttentionMethod.ToleranceShare * problem.Allowance.Tolerance;
        int steep = problem.Positions.Heads.Count(head => head.FirstNonZero <= head.LastNonZero && 2 * FftErrorBound.Unit * Math.Sqrt(head.LastOffset + 1.0) * head.Norm / head.Sum > limit);
        return steep / (double)problem.Positions.Heads.Count;
    }
}
