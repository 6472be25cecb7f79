using System.Numerics.Tensors;

namespace FastAttn;

/// <summary>Any number for every offset j − i; made by <see cref="RelativePosition.Dense"/>.</summary>
public sealed class DensePosition : RelativePosition
{
    private readonly float[] _bias;

    internal DensePosition(ReadOnlySpan<float> bias, int queryLength, int keyLength, int heads)
        : base(heads)
    {
        ArgumentCheck.InRange(queryLength, 0, int.MaxValue);
        ArgumentCheck.InRange(keyLength, 0, int.MaxValue);
        ArgumentCheck.AtLeastOne(heads);
        long offsets = Math.Max((long)queryLength + keyLength - 1, 0);
        if (bias.Length != heads * offsets)
            throw new ShapeException(
                Invariant($"bias has {bias.Length} values; expected heads × (n_q + n_k − 1) = {heads} × {offsets} = {heads * offsets}"), nameof(bias));
        ArgumentCheck.BiasValues(bias);
        _bias = bias.ToArray();
        QueryLength = queryLength;
        KeyLength = keyLength;
    }

    /// <inheritdoc/>
    public override PositionKind Kind => PositionKind.Dense;

    /// <summary>Queries n_q it was made for.</summary>
    public int QueryLength { get; }

    /// <summary>Keys n_k it was made for.</summary>
    public int KeyLength { get; }

    /// <summary><c>[heads, n_q + n_k − 1]</c>.</summary>
    public ReadOnlySpan<float> Bias => _bias;

    internal override bool FollowsQueryOffset => false;

    internal override void Biases(int head, long first, Span<double> biases)
    {
        int start = (head * (QueryLength + KeyLength - 1)) + QueryLength - 1 + (int)first;
        TensorPrimitives.ConvertTruncating<float, double>(_bias.AsSpan(start, biases.Length), biases);
    }

    private protected override void CheckLengths(int queryLength, int keyLength, string name)
    {
        if ((QueryLength, KeyLength) != (queryLength, keyLength))
            throw new ShapeException(
                Invariant($"{name} was made for {QueryLength} queries and {KeyLength} keys; expected {queryLength} and {keyLength}"), name);
    }
}
