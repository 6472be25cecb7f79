using System.Numerics;
using System.Numerics.Tensors;
using FastAttn.Positions;

namespace FastAttn;

/// <summary>A bias that falls linearly with the distance; made by <see cref="RelativePosition.Alibi"/>.</summary>
public sealed class AlibiPosition : RelativePosition
{
    private readonly float[] _slopes;

    internal AlibiPosition(ReadOnlySpan<float> slopes)
        : base(slopes.Length)
    {
        ArgumentCheck.OnePerHead(slopes);
        ArgumentCheck.NotNegative(slopes);
        _slopes = slopes.ToArray();
    }

    /// <inheritdoc/>
    public override PositionKind Kind => PositionKind.Alibi;

    /// <summary><c>[heads]</c>.</summary>
    public ReadOnlySpan<float> Slopes => _slopes;

    internal static float[] PublishedSlopes(int heads)
    {
        ArgumentCheck.AtLeastOne(heads);
        int power = (int)BitOperations.RoundUpToPowerOf2((uint)heads);
        if (power > heads) power /= 2;
        float[] slopes = new float[heads];
        for (int head = 0; head < heads; head++)
        {
            double steps = head < power ? (head + 1.0) / power : ((2.0 * (head - power)) + 1) / (2.0 * power);
            slopes[head] = (float)Math.Pow(2, -8 * steps);
        }

        return slopes;
    }

    internal override void Biases(int head, long first, Span<double> biases)
    {
        Distances.Fill(first, biases);
        TensorPrimitives.Multiply(biases, -_slopes[head], biases);
    }

    internal override IReadOnlyList<ExponentialTerm> ExponentialTerms(int head) => [new ExponentialTerm(0, _slopes[head])];
}
