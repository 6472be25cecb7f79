using FastAttn.Features;

namespace FastAttn;

/// <summary>
/// A draw of random Maclaurin features (Kar and Karnick 2012, in the form of Guo et al. 2025): the degrees and ±1 factors that turn
/// the kernel f(x·y) = Σ a_N (x·y)ᴺ into an inner product. Data that a caller can draw from a seed, give, read back, save and restore.
/// Immutable and thread-safe.
/// </summary>
/// <remarks>
/// <para>A random feature of degree N is <c>√(a_N / (P[N]·R)) · Π_{j≤N} w_j·x</c> with w_j ∈ {±1}ᵈ, R the number of random features
/// and P[N] the probability of its degree: each degree half as often as the one before, from the lowest drawn to 20. So
/// <c>E[φ(x)·φ(y)] = Σ_{N≤20} a_N (x·y)ᴺ</c>.</para>
/// <para>By default the degrees up to <see cref="ExactDegrees"/> are not drawn but exact: 1 feature for degree 0 (the form of the authors'
/// code), d more for degree 1, d(d+1)/2 more for degree 2; each takes its share of the variance away. The literal form draws
/// degree 0 as well.</para>
/// <para>The same seed gives the same bytes on every machine: feature i reads Philox4x32-10 with the seed as key and counter (block, 0, i, 1);
/// its degree is the lowest one drawn plus the trailing zeros of the first word (of the next word while that exceeds 20), its signs
/// are the bits of the words after it, lowest first, a set bit for −1. With seed 0, d = 4 and degree 0 exact the
/// degrees are 1, 1, 6, 1, 1, 2, 2, 1 … and the signs −1, −1, −1, −1 of the first feature, 1, −1, 1, −1 of the second, and 24 of the third
/// that begin with −1, 1, 1, 1.</para>
/// </remarks>
public sealed class MaclaurinFeatures
{
    /// <summary>Largest number of features, exact ones counted.</summary>
    public const int MaxFeatures = RandomProjection.MaxFeatures;

    /// <summary>Largest number of columns.</summary>
    public const int MaxDimension = RandomProjection.MaxDimension;

    /// <summary>Largest degree.</summary>
    public const int MaxDegree = MaclaurinSeries.MaxDegree;

    private readonly int[] _degrees;
    private readonly sbyte[] _signs;

    private MaclaurinFeatures(int[] degrees, sbyte[] signs, int dimension, SchoenbatKernel kernel, int exactDegrees, bool literal)
    {
        _degrees = degrees;
        _signs = signs;
        Dimension = dimension;
        Kernel = kernel;
        ExactDegrees = exactDegrees;
        IsLiteral = literal;
    }

    /// <summary>The kernel that is approximated.</summary>
    public SchoenbatKernel Kernel { get; }

    /// <summary>Columns d, 1…512: the head dimension.</summary>
    public int Dimension { get; }

    /// <summary>The highest degree that is exact, 0, 1 or 2; 0 with <see cref="IsLiteral"/>, where none is.</summary>
    public int ExactDegrees { get; }

    /// <summary>Whether degree 0 is drawn like the others, as the paper's text has it, rather than exact, as the authors' code has it.</summary>
    public bool IsLiteral { get; }

    /// <summary>Features of a row: exact and random ones.</summary>
    public int Features => ExactFeatures + _degrees.Length;

    /// <summary>Features that are exact: 1, 1 + d or 1 + d + d(d+1)/2; none in the literal form.</summary>
    public int ExactFeatures => CountExact(Dimension, ExactDegrees, IsLiteral);

    /// <summary>The degree of each random feature, at most 20.</summary>
    public ReadOnlySpan<int> Degrees => _degrees;

    /// <summary>±1, <c>[sum of Degrees, Dimension]</c>: the factors w of one random feature after the other.</summary>
    public ReadOnlySpan<sbyte> Signs => _signs;

    /// <summary>The lowest degree that is drawn.</summary>
    internal int FirstDegree => LowestDrawn(ExactDegrees, IsLiteral);

    /// <summary>Draws features that all heads share. O(features · dimension) time.</summary>
    /// <param name="features">Features of a row, at most 4096: those of <paramref name="exactDegrees"/> and at least one random one.</param>
    /// <param name="dimension">Columns d, 1…512.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="seed">Any number.</param>
    /// <param name="exactDegrees">The highest degree that is exact, 0, 1 or 2.</param>
    /// <param name="literal">Whether to draw degree 0 as well; needs <paramref name="exactDegrees"/> 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size, a degree or the kernel is out of range.</exception>
    /// <exception cref="ArgumentException">The literal form with exact degrees.</exception>
    public static MaclaurinFeatures Create(
        int features, int dimension, SchoenbatKernel kernel = SchoenbatKernel.Exp, ulong seed = 0, int exactDegrees = 0, bool literal = false)
    {
        CheckForm(dimension, kernel, exactDegrees, literal);
        int exact = CountExact(dimension, exactDegrees, literal);
        if (features <= exact || features > MaxFeatures)
            throw new ArgumentOutOfRangeException(
                nameof(features), Invariant($"features is {features}; expected {exact + 1}…{MaxFeatures}, {exact} for exact degrees and at least one random one"));
        (int[] degrees, sbyte[] signs) = MaclaurinDraw.Draw(features - exact, dimension, LowestDrawn(exactDegrees, literal), seed);
        return new MaclaurinFeatures(degrees, signs, dimension, kernel, exactDegrees, literal);
    }

    /// <summary>Copies a draw that the caller brings, such as one read back from <see cref="Degrees"/> and <see cref="Signs"/>.</summary>
    /// <param name="degrees">The degree of each random feature, at least one, each from the lowest drawn (0 in the literal form, else <paramref name="exactDegrees"/> + 1) to 20.</param>
    /// <param name="signs">±1, <c>[sum of degrees, dimension]</c>.</param>
    /// <param name="dimension">Columns d, 1…512.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="exactDegrees">The highest degree that is exact, 0, 1 or 2.</param>
    /// <param name="literal">Whether degree 0 was drawn as well.</param>
    /// <exception cref="ShapeException">There are no degrees, or more features than 4096, or the number of signs is not sum of degrees × dimension.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size, a degree or the kernel is out of range.</exception>
    /// <exception cref="ArgumentException">A sign is neither 1 nor −1, or the literal form with exact degrees.</exception>
    public static MaclaurinFeatures FromValues(
        ReadOnlySpan<int> degrees, ReadOnlySpan<sbyte> signs, int dimension, SchoenbatKernel kernel = SchoenbatKernel.Exp, int exactDegrees = 0, bool literal = false)
    {
        CheckForm(dimension, kernel, exactDegrees, literal);
        int most = MaxFeatures - CountExact(dimension, exactDegrees, literal), lowest = LowestDrawn(exactDegrees, literal), factors = 0;
        if (degrees.Length < 1 || degrees.Length > most)
            throw new ShapeException(Invariant($"degrees has {degrees.Length} values; expected 1…{most}, one a random feature"), nameof(degrees));
        for (int i = 0; i < degrees.Length; i++)
        {
            if (degrees[i] < lowest || degrees[i] > MaxDegree)
                throw new ArgumentOutOfRangeException(nameof(degrees), Invariant($"degrees[{i}] is {degrees[i]}; expected {lowest}…{MaxDegree}"));
            factors += degrees[i];
        }

        if (signs.Length != (long)factors * dimension)
            throw new ShapeException(
                Invariant($"signs has {signs.Length} values; expected sum of degrees × dimension = {factors} × {dimension} = {(long)factors * dimension}"), nameof(signs));
        int wrong = signs.IndexOfAnyExcept((sbyte)1, (sbyte)-1);
        if (wrong >= 0) throw new ArgumentException(Invariant($"signs[{wrong}] is {signs[wrong]}; expected 1 or -1"), nameof(signs));
        return new MaclaurinFeatures(degrees.ToArray(), signs.ToArray(), dimension, kernel, exactDegrees, literal);
    }

    private static int LowestDrawn(int exactDegrees, bool literal) => literal ? 0 : exactDegrees + 1;

    /// <summary>Features that are exact.</summary>
    internal static int CountExact(int dimension, int exactDegrees, bool literal) =>
        literal ? 0 : 1 + (exactDegrees >= 1 ? dimension : 0) + (exactDegrees >= 2 ? dimension * (dimension + 1) / 2 : 0);

    private static void CheckForm(int dimension, SchoenbatKernel kernel, int exactDegrees, bool literal)
    {
        ArgumentCheck.InRange(dimension, 1, MaxDimension);
        ArgumentCheck.Defined(kernel);
        ArgumentCheck.InRange(exactDegrees, 0, 2);
        if (literal && exactDegrees > 0)
            throw new ArgumentException(
                Invariant($"exactDegrees is {exactDegrees}; expected 0, because the literal form draws every degree"), nameof(exactDegrees));
        int exact = CountExact(dimension, exactDegrees, literal);
        if (exact >= MaxFeatures)
            throw new ArgumentOutOfRangeException(
                nameof(exactDegrees), Invariant($"exactDegrees is {exactDegrees}; expected fewer for {dimension} columns, because {exact} exact features leave none of {MaxFeatures} to be random"));
    }
}
