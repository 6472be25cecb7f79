namespace FastAttn;

/// <summary>Constant from a distance on; made by <see cref="RelativePosition.Clipped"/>.</summary>
public sealed class ClippedPosition : RelativePosition
{
    private readonly float[] _bias;

    internal ClippedPosition(ReadOnlySpan<float> bias, int heads)
        : base(heads)
    {
        ArgumentCheck.AtLeastOne(heads);
        if (bias.Length % heads != 0 || bias.Length / heads % 2 == 0)
        {
            string transposed = bias.Length % heads == 0 && heads > 1 && heads % 2 == 1 ? $"; {TransposedQuestion}" : "";
            throw new ShapeException(Invariant($"bias has {bias.Length} values; expected heads × (2K + 1) = {heads} × an odd number{transposed}"), nameof(bias));
        }

        ArgumentCheck.BiasValues(bias);
        _bias = bias.ToArray();
        MaxDistance = bias.Length / heads / 2;
    }

    /// <inheritdoc/>
    public override PositionKind Kind => PositionKind.Clipped;

    /// <summary>The distance K from which the bias is constant.</summary>
    public int MaxDistance { get; }

    /// <summary><c>[heads, 2K + 1]</c>: entry t + K belongs to t = −K…K.</summary>
    public ReadOnlySpan<float> Bias => _bias;

    private protected override int EntriesPerHead => (2 * MaxDistance) + 1;

    internal override void Biases(int head, long first, Span<double> biases)
    {
        ReadOnlySpan<float> table = _bias.AsSpan(head * ((2 * MaxDistance) + 1), (2 * MaxDistance) + 1);
        for (int index = 0; index < biases.Length; index++)
            biases[index] = table[(int)Math.Clamp(first + index, -MaxDistance, MaxDistance) + MaxDistance];
    }
}
