namespace FastAttn;

/// <summary>The sizes of one attention call. Query is <c>[Batch, Heads, QueryLength, HeadDimension]</c>, key and value have
/// <see cref="KeyHeads"/> heads and <see cref="KeyLength"/> rows, value and output have <see cref="ValueDimension"/> columns.</summary>
/// <remarks>
/// <para>Defaults are taken when the shape is made: <c>shape with { Heads = 4 }</c> keeps the key heads it had.</para>
/// <para>Without sequences or queries the output is empty. Without keys it is zeros, as for any row that sees no key.</para>
/// </remarks>
/// <param name="Heads">Query heads, at least 1.</param>
/// <param name="QueryLength">Queries n_q, 0…2²⁸.</param>
/// <param name="HeadDimension">Columns d of query and key, 1…512; given features 1…8192.</param>
public readonly record struct AttentionShape(int Heads, int QueryLength, int HeadDimension)
{
    /// <summary>Sequences in the batch, at least 0. Default 1.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Heads of key and value; must divide <see cref="Heads"/>. Default: as many as <see cref="Heads"/>.</summary>
    public int KeyHeads { get; init; } = Heads;

    /// <summary>Keys n_k, 0…2²⁸. Default: as many as queries.</summary>
    public int KeyLength { get; init; } = QueryLength;

    /// <summary>Columns d_v of value and output, 1…4096. Default: <see cref="HeadDimension"/>.</summary>
    public int ValueDimension { get; init; } = HeadDimension;

    /// <summary>Whether no query meets a key, so that there is nothing to compute.</summary>
    internal bool IsEmpty => Batch == 0 || QueryLength == 0 || KeyLength == 0;
}
