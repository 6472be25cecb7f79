using FastAttn.Methods;
using FastAttn.Planning;
using FastAttn.Positions;
using FastAttn.Threading;

namespace FastAttn.Attention;

/// <summary>Shape and options of SchoenbAt, checked once, with every default filled in.</summary>
internal sealed class SchoenbatSettings
{
    private const int DefaultFeatures = 128;

    public SchoenbatSettings(AttentionShape shape, SchoenbatOptions options)
    {
        ProblemCheck.Shape(shape);
        ArgumentCheck.Defined(options.Method, nameof(options.Method));
        PositionExtent[] extents = ProblemCheck.Extents(shape, options.Causal, options.QueryOffset, options.QueryOffsets);
        Draw = options.Draw is MaclaurinFeatures draw ? CheckDraw(draw, shape, options) : CreateDraw(shape, options);
        Gain = CreateGain(shape, options);
        Floor = new DenominatorFloor(ArgumentCheck.Factor(options.DenominatorFloor, nameof(options.DenominatorFloor)) ?? 0);
        float tolerance = ProblemCheck.Tolerance(options.Tolerance);
        ForMethod = new(shape, Draw.Features, Signed: true, extents, tolerance, options.Method, ThreadCount.Resolve(options.Threads, nameof(options.Threads)));
    }

    public MaclaurinFeatures Draw { get; }

    /// <summary>postSBN; null when neither γ nor β is given.</summary>
    public OutputGain? Gain { get; }

    public DenominatorFloor Floor { get; }

    /// <summary>What the choice of a method needs of this.</summary>
    public MethodSettings ForMethod { get; }

    /// <summary>What is said beside a draw must be what it has.</summary>
    private static MaclaurinFeatures CheckDraw(MaclaurinFeatures draw, AttentionShape shape, SchoenbatOptions options)
    {
        if (draw.Dimension != shape.HeadDimension)
            throw new ShapeException(Invariant($"Draw has {draw.Dimension} columns; expected the head dimension {shape.HeadDimension}"), nameof(options.Draw));
        if (options.Features is int features && features != draw.Features)
            throw new ShapeException(Invariant($"Features is {features}; expected {draw.Features}, those of Draw (or leave it out)"), nameof(options.Features));
        if (options.Kernel is SchoenbatKernel kernel && kernel != draw.Kernel)
            throw new ArgumentException(
                Invariant($"Kernel is {Words.Of(kernel)}; expected {Words.Of(draw.Kernel)}, that of Draw (or leave it out)"), nameof(options.Kernel));
        if (options.ExactDegrees is int exact && exact != draw.ExactDegrees)
            throw new ArgumentException(
                Invariant($"ExactDegrees is {exact}; expected {draw.ExactDegrees}, that of Draw (or leave it out)"), nameof(options.ExactDegrees));
        if (options.Literal is bool literal && literal != draw.IsLiteral)
            throw new ArgumentException(Invariant($"Literal is {literal}; expected {draw.IsLiteral}, as in Draw (or leave it out)"), nameof(options.Literal));
        return draw;
    }

    private static MaclaurinFeatures CreateDraw(AttentionShape shape, SchoenbatOptions options)
    {
        SchoenbatKernel kernel = options.Kernel ?? SchoenbatKernel.Exp;
        ArgumentCheck.Defined(kernel, nameof(options.Kernel));
        int exactDegrees = options.ExactDegrees ?? 0, features = options.Features ?? DefaultFeatures;
        ArgumentCheck.InRange(exactDegrees, 0, 2, nameof(options.ExactDegrees));
        bool literal = options.Literal ?? false;
        if (literal && exactDegrees > 0)
            throw new ArgumentException(
                Invariant($"ExactDegrees is {exactDegrees}; expected 0, because the literal form draws every degree"), nameof(options.ExactDegrees));
        int exact = MaclaurinFeatures.CountExact(shape.HeadDimension, exactDegrees, literal);
        if (features <= exact || features > MaclaurinFeatures.MaxFeatures)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options.Features), features, exact < MaclaurinFeatures.MaxFeatures
                    ? Invariant($"Features is {features}; expected {exact + 1}…{MaclaurinFeatures.MaxFeatures}, {exact} for exact degrees and at least one random one")
                    : Invariant($"Features is {features}; expected fewer exact degrees, because those of {shape.HeadDimension} columns take {exact} of at most {MaclaurinFeatures.MaxFeatures}"));
        }

        return MaclaurinFeatures.Create(features, shape.HeadDimension, kernel, options.Seed, exactDegrees, literal);
    }

    private static OutputGain? CreateGain(AttentionShape shape, SchoenbatOptions options)
    {
        float[]? gamma = PerColumn(options.Gamma, shape, nameof(options.Gamma)), beta = PerColumn(options.Beta, shape, nameof(options.Beta));
        for (int i = 0; i < gamma?.Length; i++)
        {
            if (!float.IsFinite(gamma[i])) throw new ArgumentException(Invariant($"Gamma[{i}] is {gamma[i]}; expected finite numbers"), nameof(options.Gamma));
        }

        if (beta is not null) ArgumentCheck.Positive(beta, name: nameof(options.Beta));
        return gamma is null && beta is null ? null : new OutputGain(gamma, beta, shape.ValueDimension);
    }

    /// <summary>A copy with at least one value a column.</summary>
    private static float[]? PerColumn(float[]? values, AttentionShape shape, string name)
    {
        if (values is null) return null;
        int columns = shape.ValueDimension;
        long all = (long)shape.Heads * columns;
        if (values.Length != 1 && values.Length != columns && values.Length != all)
            throw new ShapeException(
                Invariant($"{name} has {values.Length} values; expected 1, one a value column, {columns}, or one a head and column, {all}"), name);
        return values.Length >= columns ? [.. values] : [.. Enumerable.Repeat(values[0], columns)];
    }
}
