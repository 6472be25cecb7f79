using FastAttn.Positions;

namespace FastAttn;

/// <summary>One number a bucket of distances; made by <see cref="RelativePosition.T5"/>.</summary>
public sealed class T5Position : RelativePosition
{
    private readonly float[] _bias;
    private readonly T5Buckets _buckets;

    internal T5Position(ReadOnlySpan<float> bias, int heads, bool bidirectional, int maxDistance, T5Rounding rounding)
        : base(heads)
    {
        ArgumentCheck.AtLeastOne(heads);
        int buckets = bias.Length / heads;
        if (bias.Length % heads != 0 || !CanBeBuckets(buckets, bidirectional))
        {
            string transposed = bias.Length % heads == 0 && CanBeBuckets(heads, bidirectional) ? $"; {TransposedQuestion}" : "";
            string expected = bidirectional ? "an even number of at least 4" : "at least 2";
            throw new ShapeException(Invariant($"bias has {bias.Length} values; expected heads × buckets = {heads} × {expected}{transposed}"), nameof(bias));
        }

        int exact = buckets / (bidirectional ? 4 : 2);
        if (maxDistance <= exact)
            throw new ArgumentOutOfRangeException(
                nameof(maxDistance), Invariant($"maxDistance is {maxDistance}; expected more than {exact}, the buckets that hold one distance each"));
        ArgumentCheck.Defined(rounding);
        ArgumentCheck.BiasValues(bias);
        _bias = bias.ToArray();
        _buckets = new T5Buckets(buckets, bidirectional, maxDistance, rounding);
        Buckets = buckets;
        Bidirectional = bidirectional;
        MaxDistance = maxDistance;
        Rounding = rounding;
    }

    /// <inheritdoc/>
    public override PositionKind Kind => PositionKind.T5;

    /// <summary>Buckets a head.</summary>
    public int Buckets { get; }

    /// <summary>Whether earlier and later keys have buckets of their own.</summary>
    public bool Bidirectional { get; }

    /// <summary>The distance that the logarithmic buckets reach to.</summary>
    public int MaxDistance { get; }

    /// <summary>How the logarithm that gives a distance its bucket is rounded.</summary>
    public T5Rounding Rounding { get; }

    /// <summary><c>[heads, buckets]</c>.</summary>
    public ReadOnlySpan<float> Bias => _bias;

    private protected override int EntriesPerHead => Buckets;

    /// <summary>
    /// The positions of a published checkpoint, whose embedding is stored <c>[buckets, heads]</c> and whose code takes logarithms in float32. Such a model
    /// does not scale its scores: give <see cref="SoftmaxAttentionOptions.Scale"/> 1. A square table fits either way round and means something else.
    /// </summary>
    /// <param name="table"><c>[buckets, heads]</c>; finite or −∞.</param>
    /// <param name="heads">Heads, at least 1.</param>
    /// <param name="bidirectional">True for an encoder's table, false for a decoder's.</param>
    /// <param name="maxDistance">As in <see cref="RelativePosition.T5"/>.</param>
    /// <exception cref="ShapeException">The number of values is not heads times a number of buckets that is allowed.</exception>
    /// <exception cref="ArgumentException">A value is NaN or +∞.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number of heads is below 1, or maxDistance is too small.</exception>
    public static T5Position FromCheckpoint(ReadOnlySpan<float> table, int heads, bool bidirectional = true, int maxDistance = 128) =>
        new(PublishedTables.OneRowPerHead(table, heads, reversed: false), heads, bidirectional, maxDistance, T5Rounding.Float32);

    private static bool CanBeBuckets(int count, bool bidirectional) => bidirectional ? count >= 4 && count % 2 == 0 : count >= 2;

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
