using FastAttn.Memory;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Features;

/// <summary>Turns the rows of one head into features: scaling, projection and map. Immutable and thread-safe.</summary>
internal abstract unsafe class FeatureStage
{
    /// <summary>Features that come out of a row.</summary>
    public abstract int Features { get; }

    /// <summary>Floats between feature rows: <see cref="Features"/> padded so that every kernel can take whole vectors; the padding is zero.</summary>
    public abstract int Stride { get; }

    /// <summary>Whether features can be negative.</summary>
    public abstract bool IsSigned { get; }

    /// <summary>Rows that <see cref="Map"/> writes for <paramref name="rows"/> rows: whole register tiles and whole blocks of keys, zero beyond the data.</summary>
    public abstract int PaddedRows(int rows);

    /// <summary>
    /// Maps rows into <paramref name="features"/>, each relative to its own log-scale. Rows that are masked, or hold NaN or
    /// infinity (then their state is set), become zeros with log-scale −∞.
    /// </summary>
    /// <param name="rows">The caller's rows.</param>
    /// <param name="role">Queries, or all keys of the head.</param>
    /// <param name="head">The head, for projections that differ by head.</param>
    /// <param name="logarithmic">Whether to leave logarithms of features (signed maps: the features all the same).</param>
    /// <param name="states">One state a row; masked rows are marked beforehand.</param>
    /// <param name="features"><c>[PaddedRows(rows), Stride]</c>.</param>
    /// <param name="logScales">One a row.</param>
    /// <param name="crew">Shares blocks of rows.</param>
    /// <param name="arena">Scratch, given back.</param>
    public abstract void Map(
        RowSource rows, RowRole role, int head, bool logarithmic, RowState* states, float* features, double* logScales, Crew crew, ref Arena arena);
}
