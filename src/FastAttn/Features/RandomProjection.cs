using FastAttn.Features;
using FastAttn.Threading;

namespace FastAttn;

/// <summary>
/// The rows w_i of a random feature map: data that a caller can draw from a seed, give, read back, save and restore.
/// Immutable and thread-safe. The same seed gives the same bytes on every machine: numbers come from Philox4x32-10 with
/// the seed as key and the row block as stream, through a logarithm and a cosine of our own.
/// </summary>
public sealed class RandomProjection
{
    /// <summary>Largest number of rows of one head.</summary>
    public const int MaxFeatures = 4096;

    /// <summary>Largest number of columns.</summary>
    public const int MaxDimension = 512;

    private readonly float[] _values;

    private RandomProjection(float[] values, int features, int dimension, int heads)
    {
        _values = values;
        Features = features;
        Dimension = dimension;
        Heads = heads;
    }

    /// <summary>Rows m of each head's projection, 1…4096.</summary>
    public int Features { get; }

    /// <summary>Columns d, 1…512: the head dimension it projects from.</summary>
    public int Dimension { get; }

    /// <summary>1 when all heads share one projection, else one projection a head.</summary>
    public int Heads { get; }

    /// <summary>The entries, <c>[Heads, Features, Dimension]</c> in row-major order.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>Draws a projection that all heads share (Luo et al. 2021, appendix; O(m·d²) time when orthogonal).</summary>
    /// <param name="features">Rows m, 1…4096.</param>
    /// <param name="dimension">Columns d, 1…512.</param>
    /// <param name="kind">How rows are drawn.</param>
    /// <param name="seed">Any number.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size or the kind is out of range.</exception>
    public static RandomProjection Create(
        int features, int dimension, ProjectionKind kind = ProjectionKind.Orthogonal, ulong seed = 0)
    {
        CheckSizes(features, dimension);
        if (!Enum.IsDefined(kind))
            throw new ArgumentOutOfRangeException(
                nameof(kind), Invariant($"kind is {kind}; expected one of {string.Join(", ", Words.All<ProjectionKind>())}"));
        using CallWatch? watch = CallWatch.Begin(default);
        return new RandomProjection(ProjectionDraw.Draw(features, dimension, kind, seed), features, dimension, 1);
    }

    /// <summary>Copies a projection that the caller brings.</summary>
    /// <param name="values"><c>[heads, features, dimension]</c>, finite.</param>
    /// <param name="features">Rows m, 1…4096.</param>
    /// <param name="dimension">Columns d, 1…512.</param>
    /// <param name="heads">1 when all heads share it.</param>
    /// <exception cref="ShapeException">The number of values is not heads × features × dimension.</exception>
    /// <exception cref="ArgumentException">A value is NaN or infinite.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    public static RandomProjection FromValues(ReadOnlySpan<float> values, int features, int dimension, int heads = 1)
    {
        CheckSizes(features, dimension);
        if (heads < 1) throw new ArgumentOutOfRangeException(nameof(heads), Invariant($"heads is {heads}; expected at least 1"));
        long expected = (long)heads * features * dimension;
        if (values.Length != expected)
            throw new ShapeException(
                Invariant($"projection has {values.Length} values; expected heads × features × dimension = {heads} × {features} × {dimension} = {expected}"), nameof(values));
        ArgumentCheck.Finite(values);

        return new RandomProjection(values.ToArray(), features, dimension, heads);
    }

    private static void CheckSizes(int features, int dimension)
    {
        if (features is < 1 or > MaxFeatures)
            throw new ArgumentOutOfRangeException(nameof(features), Invariant($"features is {features}; expected 1…{MaxFeatures}"));
        if (dimension is < 1 or > MaxDimension)
            throw new ArgumentOutOfRangeException(nameof(dimension), Invariant($"dimension is {dimension}; expected 1…{MaxDimension}"));
    }
}
