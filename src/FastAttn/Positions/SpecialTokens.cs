namespace FastAttn;

/// <summary>
/// Tokens beside the tokens of a grid, such as the class token of ViT and BEiT, and the biases of the pairs they take part in. They have no place on the
/// grid: a special query has one bias for every key of the grid, a special key one for every query of the grid, and two special tokens have their own.
/// </summary>
/// <remarks>
/// Special tokens are numbered through: a = 0…Prefix − 1 before the grid, then those after it; s = Prefix + Suffix. Arrays are for all heads or have one part
/// a head; a null one is zeros. −∞ removes the pairs. BEiT's three extra entries are, in its order, <see cref="SpecialToGrid"/>,
/// <see cref="GridToSpecial"/> and <see cref="SpecialToSpecial"/> of one token in front.
/// </remarks>
public sealed record SpecialTokens
{
    /// <summary>The most there can be.</summary>
    public const int Most = 1024;

    /// <summary>Special tokens before those of the grid. Default 0.</summary>
    public int Prefix { get; init; }

    /// <summary>Special tokens after those of the grid. Default 0.</summary>
    public int Suffix { get; init; }

    /// <summary><c>[s]</c> or <c>[heads, s]</c>: the bias of special query a and every key of the grid.</summary>
    public float[]? SpecialToGrid { get; init; }

    /// <summary><c>[s]</c> or <c>[heads, s]</c>: the bias of every query of the grid and special key b.</summary>
    public float[]? GridToSpecial { get; init; }

    /// <summary><c>[s, s]</c> or <c>[heads, s, s]</c>: the bias of special query a and special key b.</summary>
    public float[]? SpecialToSpecial { get; init; }

    /// <summary>How many.</summary>
    internal int Count => Prefix + Suffix;

    /// <summary>Numbers and arrays are in range and fit so many heads.</summary>
    internal void Check(int heads)
    {
        ArgumentCheck.InRange(Prefix, 0, Most, nameof(Prefix));
        ArgumentCheck.InRange(Suffix, 0, Most - Prefix, nameof(Suffix));
        Check(SpecialToGrid, heads, Count, "s", nameof(SpecialToGrid));
        Check(GridToSpecial, heads, Count, "s", nameof(GridToSpecial));
        Check(SpecialToSpecial, heads, Count * Count, "s × s", nameof(SpecialToSpecial));
    }

    /// <summary>Writes a head's biases in the order of their offsets.</summary>
    internal void CopyTo(int head, Span<float> biases)
    {
        Copy(SpecialToGrid, head, biases[..Count]);
        Copy(GridToSpecial, head, biases[Count..(2 * Count)]);
        Copy(SpecialToSpecial, head, biases[(2 * Count)..]);
    }

    private static void Copy(float[]? values, int head, Span<float> biases)
    {
        if (values is null) biases.Clear();
        else values.AsSpan(values.Length == biases.Length ? 0 : head * biases.Length, biases.Length).CopyTo(biases);
    }

    private static void Check(float[]? values, int heads, int each, string extents, string name)
    {
        if (values is null) return;
        if (values.Length != each && values.Length != (long)heads * each)
        {
            throw new ShapeException(
                Invariant($"{name} has {values.Length} values; expected {extents} = {each}, s = Prefix + Suffix, or heads × {extents} = {(long)heads * each}"), name);
        }

        ArgumentCheck.BiasValues(values, name);
    }
}
