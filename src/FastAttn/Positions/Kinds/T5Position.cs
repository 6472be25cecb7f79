using FastAttn.Positions;

namespace FastAttn;

/// <summary>One number a bucket of distances; made by <see cref="RelativePosition.T5"/>.</summary>
public sealed class T5Position : RelativePosition
{
    private readonly float[] _bias;
    private readonly T5Buckets _buckets;

    internal T5Position(ReadOnlySpan<float> bias, int heads, bool bidirectional, int maxDistance)
        : base(heads)
    {
        ArgumentCheck.AtLeastOne(heads);
        int buckets = bias.Length / heads;
        if (bias.Length % heads != 0 || buckets < (bidirectional ? 4 : 2) || (bidirectional && buckets % 2 != 0))
            throw new ShapeException(
                Invariant($"bias has {bias.Length} values; expected heads × buckets = {heads} × {(bidirectional ? "an even number of at least 4" : "at least 2")}"), nameof(bias));
        int exact = buckets / (bidirectional ? 4 : 2);
        if (maxDistance <= exact)
            throw new ArgumentOutOfRangeException(
                nameof(maxDistance), Invariant($"maxDistance is {maxDistance}; expected more than {exact}, the buckets that hold one distance each"));
        ArgumentCheck.BiasValues(bias);
        _bias = bias.ToArray();
        _buckets = new T5Buckets(buckets, bidirectional, maxDistance);
        Buckets = buckets;
        Bidirectional = bidirectional;
        MaxDistance = maxDistance;
    }

    /// <inheritdoc/>
    public override PositionKind Kind => PositionKind.T5;

    /// <summary>Buckets a head.</summary>
    public int Buckets { get; }

    /// <summary>Whether earlier and later keys have buckets of their own.</summary>
    public bool Bidirectional { get; }

    /// <summary>The distance that the logarithmic buckets reach to.</summary>
    public int MaxDistance { get; }

    /// <summary><c>[heads, buckets]</c>.</summary>
    public ReadOnlySpan<float> Bias => _bias;

    internal override void Biases(int head, long first, Span<double> biases)
    {
        ReadOnlySpan<float> table = _bias.AsSpan(head * Buckets, Buckets);
        for (int done = 0; done < biases.Length;)
        {
            (int bucket, long end) = _buckets.Find(first + done);
            int count = (int)Math.Min(end - (first + done), biases.Length - done);
            biases.Slice(done, count).Fill(table[bucket]);
            done += count;
        }
    }
}
