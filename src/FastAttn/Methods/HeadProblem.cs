using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>
/// What every method is given: features of a range of queries and of a range of keys, values, and the coefficients between
/// them. Query i and key j meet at offset <c>j − i + Offset</c> (their places', on a grid), so a range that starts anywhere in a longer
/// sequence is the same problem.
/// </summary>
internal unsafe struct HeadProblem
{
    public int Head;
    public int QueryCount;
    public int KeyCount;

    /// <summary>Features of a row, and floats between rows.</summary>
    public int Features;

    /// <inheritdoc cref="Features"/>
    public int FeatureStride;

    /// <summary><c>[whole tiles, FeatureStride]</c>, each row relative to its own log-scale, zero beyond the data.</summary>
    public float* Query;

    /// <summary>The log-scales of <see cref="Query"/>, one a row.</summary>
    public double* QueryLogScales;

    /// <summary><c>[whole tiles, FeatureStride]</c>, all rows relative to one log-scale, zero where a key is dropped and beyond the data.</summary>
    public float* Key;

    /// <summary>The log-scale of <see cref="Key"/>.</summary>
    public double KeyLogScale;

    public ValueSource Values;

    /// <summary>‖v_j‖₂, in float64 so that no finite row's norm overflows or vanishes; zero where a key is dropped.</summary>
    public double* ValueNorm;

    /// <summary>Tokens that are not among those above: their keys and norms are zero there.</summary>
    public LoudTokens Loud;

    public PreparedPosition Positions;
    public DenominatorFloor Floor;
    public int Offset;

    public readonly HeadPosition Position => Positions.Head(Head);

    /// <summary>Where queries and keys stand.</summary>
    public readonly TokenLayout Layout => Positions.Layout;

    /// <summary>The offset at which a query and a key meet.</summary>
    public readonly int OffsetBetween(int query, int key) => Layout.Offset(query, key) + Offset;

    public readonly int ValueDimension => Values.Columns;
}
