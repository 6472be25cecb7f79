using FastAttn.Features;
using FastAttn.Planning;
using FastAttn.Positions;
using FastAttn.Threading;

namespace FastAttn.Attention;

/// <summary>Shape and options, checked once, with every default filled in.</summary>
internal sealed record KernelizedAttentionSettings
{
    private const int DefaultFeatures = 64;

    /// <summary>Most features that come out of a map: as many as TRF makes of the largest projection.</summary>
    private const int MaxFeatures = 2 * RandomProjection.MaxFeatures;

    public KernelizedAttentionSettings(AttentionShape shape, KernelizedAttentionOptions options)
    {
        ArgumentCheck.Defined(options.FeatureMap, nameof(options.FeatureMap));
        Map = options.FeatureMap;
        Shape = ProblemCheck.Shape(shape, OfMap(nu: 1, isSigned: false, shape).IsGiven ? MaxFeatures : RandomProjection.MaxDimension);
        ArgumentCheck.Defined(options.ProjectionKind, nameof(options.ProjectionKind));
        ArgumentCheck.Defined(options.Method, nameof(options.Method));
        Nu = CheckNu(options);
        IsSigned = CheckSigned(options);
        Defaults = OfMap(Nu, IsSigned, shape);
        Columns = CheckProjection(options);
        Normalize = options.Normalize ?? Defaults.Normalizes;
        Scale = CheckScale(options.QkScale);
        Epsilon = CheckEpsilon(options.FeatureEpsilon);
        Extents = ProblemCheck.Extents(shape, options.Causal, options.QueryOffset, options.QueryOffsets);
        Tolerance = ProblemCheck.Tolerance(options.Tolerance);
        Method = options.Method;
        Threads = ThreadCount.Resolve(options.Threads, nameof(options.Threads));
    }

    public AttentionShape Shape { get; }

    public FeatureMap Map { get; }

    /// <summary>Rolls ν of DPFP; 1 for other maps.</summary>
    public int Nu { get; }

    /// <summary>Whether given features may be negative; false for other maps.</summary>
    public bool IsSigned { get; }

    public FeatureMapDefaults Defaults { get; }

    /// <summary>Rows of the projection, or d for elementwise maps.</summary>
    public int Columns { get; }

    /// <summary>Features that come out of the map.</summary>
    public int Features => Columns * Defaults.FeaturesPerColumn;

    public bool Normalize { get; }

    public double Scale { get; }

    /// <summary>What is added to every feature; null for what the map does by itself.</summary>
    public float? Epsilon { get; }

    /// <summary>See <see cref="ProblemCheck.Extents"/>.</summary>
    public PositionExtent[] Extents { get; }

    public float Tolerance { get; }

    public Method Method { get; }

    /// <summary>What the choice of a method needs of this.</summary>
    public MethodSettings ForMethod => new(Shape, Features, Defaults.IsSigned, Extents, Tolerance, Method, Threads);

    public int Threads { get; }

    /// <summary>The projection that the map reads: given or drawn; null for maps without one.</summary>
    public RandomProjection? ProjectionOf(KernelizedAttentionOptions options) =>
        Defaults.Projects ? options.Projection ?? RandomProjection.Create(Columns, Shape.HeadDimension, options.ProjectionKind, options.Seed) : null;

    /// <summary>The whole system; draws a projection where one is needed and none is given.</summary>
    public FeatureSystem SystemOf(KernelizedAttentionOptions options) => SystemOf(ProjectionOf(options));

    /// <inheritdoc cref="SystemOf(KernelizedAttentionOptions)"/>
    public FeatureSystem SystemOf(RandomProjection? projection) => new(ForMethod, new FeatureMapStages(this, projection));

    private FeatureMapDefaults OfMap(int nu, bool isSigned, AttentionShape shape) => FeatureMaps.Defaults(Map, nu, isSigned, shape.HeadDimension);

    private bool CheckSigned(KernelizedAttentionOptions options) => options.SignedFeatures && !OfMap(Nu, isSigned: true, Shape).IsGiven
        ? throw new ArgumentException(Invariant($"SignedFeatures is true; expected false, the {Words.Of(Map)} map makes its own features"), nameof(options.SignedFeatures))
        : options.SignedFeatures;

    private int CheckNu(KernelizedAttentionOptions options)
    {
        int most = MaxFeatures / (2 * Shape.HeadDimension);
        if (OfMap(nu: 1, isSigned: false, Shape).Rolls) ArgumentCheck.InRange(options.Nu, 1, most, nameof(options.Nu));
        else if (options.Nu != 1)
            throw new ArgumentException(
                Invariant($"Nu is {options.Nu}; expected 1 (or nothing), the {Words.Of(Map)} map does not read it"), nameof(options.Nu));
        return options.Nu;
    }

    private int CheckProjection(KernelizedAttentionOptions options)
    {
        RandomProjection? projection = options.Projection;
        if (!Defaults.Projects)
        {
            if (projection is not null)
                throw new ArgumentException(
                    Invariant($"Projection was given; expected none, the {Words.Of(Map)} map uses no projection"), nameof(options.Projection));
            if (options.Features is not null)
                throw new ArgumentException(
                    Invariant($"Features is {options.Features}; expected none, the {Words.Of(Map)} map makes its features of the entries themselves"), nameof(options.Features));
            return Shape.HeadDimension;
        }

        if (options.Features is int features)
        {
            ArgumentCheck.InRange(features, 1, RandomProjection.MaxFeatures, nameof(options.Features));
            if (projection is not null && projection.Features != features)
                throw new ShapeException(
                    Invariant($"Features is {features}; expected {projection.Features}, the rows of Projection (or leave it out)"), nameof(options.Features));
        }

        if (projection is not null)
        {
            if (projection.Dimension != Shape.HeadDimension)
                throw new ShapeException(
                    Invariant($"Projection has {projection.Dimension} columns; expected the head dimension {Shape.HeadDimension}"), nameof(options.Projection));
            if (projection.Heads != 1 && projection.Heads != Shape.Heads)
                throw new ShapeException(Invariant($"Projection has {projection.Heads} heads; expected 1 or {Shape.Heads}"), nameof(options.Projection));
        }

        return projection?.Features ?? options.Features ?? DefaultFeatures;
    }

    private float? CheckEpsilon(float? epsilon)
    {
        if (epsilon is not null && Defaults.Epsilon == EpsilonUse.None)
        {
            string others = string.Join(" and ", Enum.GetValues<FeatureMap>().Where(map => FeatureMaps.Defaults(map, 1, false, 1).Epsilon != EpsilonUse.None).Select(Words.Of));
            throw new ArgumentException(
                Invariant($"FeatureEpsilon is {epsilon}; expected none, because only {others} have one, not {Words.Of(Map)}"), nameof(KernelizedAttentionOptions.FeatureEpsilon));
        }

        return ArgumentCheck.Factor(epsilon, nameof(KernelizedAttentionOptions.FeatureEpsilon));
    }

    private double CheckScale(float? scale)
    {
        if (scale is not float factor) return Defaults.Scale;
        if (!float.IsFinite(factor) || factor <= 0)
            throw new ArgumentOutOfRangeException(
                nameof(KernelizedAttentionOptions.QkScale), Invariant($"QkScale is {factor}; expected a finite number above zero"));
        if (Normalize)
            throw new ArgumentException(
                Invariant($"QkScale is {factor}; expected none, because normalised rows forget their scale (or set Normalize to false)"), nameof(KernelizedAttentionOptions.QkScale));
        return factor;
    }
}
