namespace FastAttn;

/// <summary>The sizes of one attention call. Query is <c>[Batch, Heads, QueryLength, HeadDimension]</c>, key and value have
/// <see cref="KeyHeads"/> heads and <see cref="KeyLength"/> rows, value and output have <see cref="ValueDimension"/> columns.</summary>
/// <remarks>Defaults are taken when the shape is made: <c>shape with { Heads = 4 }</c> keeps the key heads it had.</remarks>
/// <param name="Heads">Query heads, at least 1.</param>
/// <param name="QueryLength">Queries n_q, 1…2²⁸.</param>
/// <param name="HeadDimension">Columns d of query and key, 1…512.</param>
public readonly record struct AttentionShape(int Heads, int QueryLength, int HeadDimension)
{
    /// <summary>Sequences in the batch, at least 1. Default 1.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Heads of key and value; must divide <see cref="Heads"/>. Default: as many as <see cref="Heads"/>.</summary>
    public int KeyHeads { get; init; } = Heads;

    /// <summary>Keys n_k, 1…2²⁸. Default: as many as queries.</summary>
    public int KeyLength { get; init; } = QueryLength;

    /// <summary>Columns d_v of value and output, 1…4096. Default: <see cref="HeadDimension"/>.</summary>
    public int ValueDimension { get; init; } = HeadDimension;
}
