using System.Numerics.Tensors;
using FastAttn.Positions;

namespace FastAttn;

/// <summary>A bias that falls with a power of the distance; made by <see cref="RelativePosition.KerplePower"/>.</summary>
public sealed class KerplePowerPosition : RelativePosition
{
    private const float LargestPower = 2;

    private readonly float[] _a;
    private readonly float[] _p;

    internal KerplePowerPosition(ReadOnlySpan<float> a, ReadOnlySpan<float> p)
        : base(ArgumentCheck.HeadsOf(a, p))
    {
        ArgumentCheck.Positive(a);
        ArgumentCheck.Positive(p, LargestPower);
        _a = a.ToArray();
        _p = p.ToArray();
    }

    /// <inheritdoc/>
    public override PositionKind Kind => PositionKind.KerplePower;

    /// <summary><c>[heads]</c> or <c>[1]</c>: the bias at distance 1, negated.</summary>
    public ReadOnlySpan<float> A => _a;

    /// <summary><c>[heads]</c> or <c>[1]</c>: the power.</summary>
    public ReadOnlySpan<float> P => _p;

    internal override void Biases(int head, long first, Span<double> biases)
    {
        // |t|^p as e^(p·ln|t|): at distance 0 the logarithm is −∞ and the power 0.
        Distances.Fill(first, biases);
        TensorPrimitives.Log(biases, biases);
        TensorPrimitives.Multiply(biases, OfHead(_p, head), biases);
        TensorPrimitives.Exp(biases, biases);
        TensorPrimitives.Multiply(biases, -OfHead(_a, head), biases);
    }
}
