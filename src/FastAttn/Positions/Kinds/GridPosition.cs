using System.Numerics.Tensors;
using FastAttn.Positions;

namespace FastAttn;

/// <summary>Any number for every offset (Δy, Δx) on a grid; made by <see cref="RelativePosition.Grid"/>.</summary>
public sealed class GridPosition : RelativePosition
{
    private readonly float[] _bias;

    internal GridPosition(ReadOnlySpan<float> bias, int height, int width, int heads)
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
        Layout = TokenLayout.Grid(height, width);
    }

    /// <inheritdoc/>
    public override PositionKind Kind => PositionKind.Grid;

    /// <summary>Rows of the grid.</summary>
    public int Height { get; }

    /// <summary>Columns of the grid.</summary>
    public int Width { get; }

    /// <summary><c>[heads, 2·height − 1, 2·width − 1]</c>.</summary>
    public ReadOnlySpan<float> Bias => _bias;

    /// <summary>
    /// The positions of a window of Swin Transformer (Liu et al. 2021), whose <c>relative_position_bias_table</c> is stored <c>[entries, heads]</c> and counts
    /// query minus key on both axes: the reverse of <see cref="RelativePosition.Grid"/>.
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
        return new GridPosition(PublishedTables.OneRowPerHead(table, heads, reversed: true), height, width, heads);
    }

    internal override TokenLayout Layout { get; }

    internal override bool FollowsQueryOffset => false;

    /// <summary>The table row by row is the array of biases by offset between places.</summary>
    internal override void Biases(int head, long first, Span<double> biases)
    {
        int offsets = _bias.Length / Heads;
        TensorPrimitives.ConvertTruncating<float, double>(_bias.AsSpan((head * offsets) + (offsets / 2) + (int)first, biases.Length), biases);
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
        int tokens = Height * Width;
        if ((queryLength, keyLength) != (tokens, tokens))
            throw new ShapeException(Invariant($"{name} was made for {tokens} queries and {tokens} keys; expected {queryLength} and {keyLength}"), name);
    }
}
