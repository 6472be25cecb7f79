using System.Numerics.Tensors;
using FastAttn.Positions;

namespace FastAttn;

/// <summary>Any number for every offset (Δy, Δx) on a grid; made by <see cref="RelativePosition.Grid(ReadOnlySpan{float}, int, int, int)"/>.</summary>
public sealed class GridPosition : RelativePosition
{
    private readonly float[] _bias;

    /// <summary>Of every head the table row by row, which is the array of biases by offset between places, and behind it those of special tokens.</summary>
    private readonly float[] _offsets;

    internal GridPosition(ReadOnlySpan<float> bias, int height, int width, int heads, SpecialTokens? special)
        : base(heads)
    {
        ArgumentCheck.AtLeastOne(height);
        ArgumentCheck.AtLeastOne(width);
        ArgumentCheck.AtLeastOne(heads);
        CheckCount(bias.Length, height, width, heads, nameof(bias));
        ArgumentCheck.BiasValues(bias);
        _bias = bias.ToArray();
        Height = height;
        Width = width;
        special?.Check(heads);
        if (special is not { Count: > 0 })
        {
            _offsets = _bias;
            Layout = TokenLayout.Grid(height, width);
            return;
        }

        Special = special;
        Layout = new TokenLayout(width, special.Prefix, checked(height * width), special.Suffix);
        int table = _bias.Length / heads, each = table + Layout.SpecialOffsets;
        _offsets = new float[checked(heads * each)];
        for (int head = 0; head < heads; head++)
        {
            _bias.AsSpan(head * table, table).CopyTo(_offsets.AsSpan(head * each));
            special.CopyTo(head, _offsets.AsSpan((head * each) + table, each - table));
        }
    }

    /// <inheritdoc/>
    public override PositionKind Kind => PositionKind.Grid;

    /// <summary>Rows of the grid.</summary>
    public int Height { get; }

    /// <summary>Columns of the grid.</summary>
    public int Width { get; }

    /// <summary><c>[heads, 2·height − 1, 2·width − 1]</c>.</summary>
    public ReadOnlySpan<float> Bias => _bias;

    /// <summary>Tokens beside the grid; null when there are none.</summary>
    public SpecialTokens? Special { get; }

    /// <summary>
    /// The positions of a window of Swin Transformer (Liu et al. 2021), whose <c>relative_position_bias_table</c> is stored <c>[entries, heads]</c> and counts
    /// query minus key on both axes: the reverse of <see cref="RelativePosition.Grid(ReadOnlySpan{float}, int, int, int)"/>.
    /// </summary>
    /// <param name="table"><c>[(2·height − 1)·(2·width − 1), heads]</c>; finite or −∞.</param>
    /// <param name="height">Rows of the window, at least 1.</param>
    /// <param name="width">Columns of the window, at least 1.</param>
    /// <param name="heads">Heads, at least 1.</param>
    /// <exception cref="ShapeException">The number of values is not heads × (2·height − 1) × (2·width − 1).</exception>
    /// <exception cref="ArgumentException">A value is NaN or +∞.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A side or the number of heads is below 1.</exception>
    public static GridPosition FromSwin(ReadOnlySpan<float> table, int height, int width, int heads)
    {
        ArgumentCheck.AtLeastOne(height);
        ArgumentCheck.AtLeastOne(width);
        ArgumentCheck.AtLeastOne(heads);
        CheckCount(table.Length, height, width, heads, nameof(table));
        return new GridPosition(PublishedTables.OneRowPerHead(table, heads, reversed: true), height, width, heads, null);
    }

    internal override TokenLayout Layout { get; }

    internal override bool FollowsQueryOffset => false;

    internal override void Biases(int head, long first, Span<double> biases)
    {
        int middle = _bias.Length / Heads / 2, each = _offsets.Length / Heads;
        TensorPrimitives.ConvertTruncating<float, double>(_offsets.AsSpan((head * each) + middle + (int)first, biases.Length), biases);
    }

    private static void CheckCount(int count, int height, int width, int heads, string name)
    {
        Int128 values = (Int128)heads * ((2L * height) - 1) * ((2L * width) - 1);
        if (count != values)
            throw new ShapeException(
                Invariant($"{name} has {count} values; expected heads × (2·height − 1) × (2·width − 1) = {heads} × {(2L * height) - 1} × {(2L * width) - 1} = {values}"), name);
    }

    private protected override void CheckLengths(int queryLength, int keyLength, string name)
    {
        int tokens = (Height * Width) + (Special?.Count ?? 0);
        if ((queryLength, keyLength) != (tokens, tokens))
            throw new ShapeException(Invariant($"{name} was made for {tokens} queries and {tokens} keys; expected {queryLength} and {keyLength}"), name);
    }
}
