using System.Numerics.Tensors;
using FastAttn.Positions;

namespace FastAttn;

/// <summary>A bias that falls with the logarithm of the distance; made by <see cref="RelativePosition.KerpleLog"/>.</summary>
public sealed class KerpleLogPosition : RelativePosition
{
    private readonly float[] _r1;
    private readonly float[] _r2;

    internal KerpleLogPosition(ReadOnlySpan<float> r1, ReadOnlySpan<float> r2)
        : base(ArgumentCheck.HeadsOf(r1, r2))
    {
        ArgumentCheck.Positive(r1);
        ArgumentCheck.Positive(r2);
        _r1 = r1.ToArray();
        _r2 = r2.ToArray();
    }

    /// <inheritdoc/>
    public override PositionKind Kind => PositionKind.KerpleLog;

    /// <summary><c>[heads]</c> or <c>[1]</c>: how steeply it falls.</summary>
    public ReadOnlySpan<float> R1 => _r1;

    /// <summary><c>[heads]</c> or <c>[1]</c>: the inverse of the distance from which it does.</summary>
    public ReadOnlySpan<float> R2 => _r2;

    internal override void Biases(int head, long first, Span<double> biases)
    {
        Distances.Fill(first, biases);
        TensorPrimitives.Multiply(biases, OfHead(_r2, head), biases);
        TensorPrimitives.Add(biases, 1, biases);
        TensorPrimitives.Log(biases, biases);
        TensorPrimitives.Multiply(biases, -OfHead(_r1, head), biases);
    }
}
