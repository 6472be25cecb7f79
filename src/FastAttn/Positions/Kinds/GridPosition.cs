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
        Int128 values = (Int128)heads * ((2L * height) - 1) * ((2L * width) - 1);
        if (bias.Length != values)
            throw new ShapeException(
                Invariant($"bias has {bias.Length} values; expected heads × (2·height − 1) × (2·width − 1) = {heads} × {(2L * height) - 1} × {(2L * width) - 1} = {values}"), nameof(bias));
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

    internal override TokenLayout Layout { get; }

    internal override bool FollowsQueryOffset => false;

    /// <summary>The table row by row is the array of biases by offset between places.</summary>
    internal override void Biases(int head, long first, Span<double> biases)
    {
        int offsets = _bias.Length / Heads;
        TensorPrimitives.ConvertTruncating<float, double>(_bias.AsSpan((head * offsets) + (offsets / 2) + (int)first, biases.Length), biases);
    }

    private protected override void CheckLengths(int queryLength, int keyLength, string name)
    {
        int tokens = Height * Width;
        if ((queryLength, keyLength) != (tokens, tokens))
            throw new ShapeException(Invariant($"{name} was made for {tokens} queries and {tokens} keys; expected {queryLength} and {keyLength}"), name);
    }
}
