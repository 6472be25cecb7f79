namespace FastAttn;

/// <summary>
/// The rows w_i of a random feature map: data that a caller can draw from a seed, give, read back, save and restore.
/// Immutable and thread-safe. The same seed gives the same bytes on every machine.
/// </summary>
public sealed class RandomProjection
{
    private readonly float[] _values;

    private RandomProjection(float[] values, int features, int dimension, int heads)
    {
        _values = values;
        Features = features;
        Dimension = dimension;
        Heads = heads;
    }

    /// <summary>Rows m of each head's projection.</summary>
    public int Features { get; }

    /// <summary>Columns d: the head dimension it projects from.</summary>
    public int Dimension { get; }

    /// <summary>1 when all heads share one projection, else one projection a head.</summary>
    public int Heads { get; }

    /// <summary>The entries, <c>[Heads, Features, Dimension]</c> in row-major order.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>Draws a projection that all heads share.</summary>
    public static RandomProjection Create(
        int features, int dimension, ProjectionKind kind = ProjectionKind.Orthogonal, ulong seed = 0) =>
        throw new NotSupportedException();

    /// <summary>Copies a projection that the caller brings, <c>[heads, features, dimension]</c>; NaN and infinity are errors.</summary>
    public static RandomProjection FromValues(ReadOnlySpan<float> values, int features, int dimension, int heads = 1) =>
        throw new NotSupportedException();
}
