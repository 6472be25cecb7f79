using System.Numerics;

namespace FastAttn.Positions;

/// <summary>
/// The buckets of T5 (Raffel et al. 2020): with e = half of a side's buckets s, distances below e have a bucket each, and a distance d ≥ e
/// is in bucket <c>min(e + ⌊ln(d/e) / ln(maxDistance/e) · (s − e)⌋, s − 1)</c>.
/// </summary>
internal sealed class T5Buckets
{
    // Runs of offsets from −∞ to +∞ in order: run r starts at _starts[r] and is bucket _buckets[r].
    private readonly List<long> _starts = [];
    private readonly List<int> _buckets = [];

    /// <param name="buckets">All buckets.</param>
    /// <param name="bidirectional">Whether the second half of them is for t &gt; 0; otherwise every t &gt; 0 is in bucket 0.</param>
    /// <param name="maxDistance">Where the logarithmic buckets end.</param>
    /// <param name="rounding">How the logarithm is rounded.</param>
    public T5Buckets(int buckets, bool bidirectional, int maxDistance, T5Rounding rounding)
    {
        int side = bidirectional ? buckets / 2 : buckets;
        long[] distances = FirstDistances(side, maxDistance, rounding);
        for (int bucket = side - 1; bucket >= 0; bucket--)
        {
            // Distances of several buckets may round up to the same integer: all but the last of them are empty.
            if (bucket < side - 1 && distances[bucket] == distances[bucket + 1]) continue;
            _starts.Add(bucket == side - 1 ? long.MinValue : 1 - distances[bucket + 1]);
            _buckets.Add(bucket);
        }

        for (int bucket = 1; bidirectional && bucket < side; bucket++)
        {
            if (bucket < side - 1 && distances[bucket] == distances[bucket + 1]) continue;
            _starts.Add(distances[bucket]);
            _buckets.Add(side + bucket);
        }
    }

    /// <summary>The bucket of an offset t, and where the next bucket starts. The last run starts at 0 or above, so End − offset is a number.</summary>
    public (int Bucket, long End) Find(long offset)
    {
        int run = _starts.BinarySearch(offset);
        if (run < 0) run = ~run - 1;
        return (_buckets[run], run + 1 < _starts.Count ? _starts[run + 1] : long.MaxValue);
    }

    /// <summary>The smallest distance of each bucket of one side.</summary>
    private static long[] FirstDistances(int side, int maxDistance, T5Rounding rounding)
    {
        int exact = side / 2, steps = side - exact;
        long[] distances = new long[side];
        for (int bucket = 0; bucket < side; bucket++)
        {
            distances[bucket] = bucket <= exact ? bucket
                : rounding == T5Rounding.Float32 ? FirstRoundedDistance(exact, maxDistance, bucket - exact, steps)
                : FirstDistance(exact, maxDistance, bucket - exact, steps);
        }

        return distances;
    }

    /// <summary>The smallest d whose share of the way, rounded to float32 after every step, has come to <paramref name="step"/>: it rises with d.</summary>
    private static long FirstRoundedDistance(int exact, int maxDistance, int step, int steps)
    {
        float whole = (float)Math.Log((double)maxDistance / exact);
        int low = exact, high = maxDistance;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);

            // A float64 logarithm rounded once is the float32 logarithm that is nearest.
            float share = (float)Math.Log((float)middle / exact) / whole * steps;
            if (share >= step) high = middle;
            else low = middle + 1;
        }

        return low;
    }

    /// <summary>
    /// The smallest d with ln(d/e) / ln(maxDistance/e) · steps ≥ step. The definition's logarithms meet an integer exactly when d is
    /// e·(maxDistance/e)^(step/steps), 16 or 32 by default, where the last bit of a rounded logarithm would decide: whole numbers do.
    /// </summary>
    private static long FirstDistance(int exact, int maxDistance, int step, int steps)
    {
        double boundary = exact * Math.Pow((double)maxDistance / exact, (double)step / steps), nearest = Math.Round(boundary);
        if (Math.Abs(boundary - nearest) > 1e-12 * boundary) return (long)Math.Ceiling(boundary);
        BigInteger left = BigInteger.Pow((long)nearest, steps) * BigInteger.Pow(exact, step);
        BigInteger right = BigInteger.Pow(exact, steps) * BigInteger.Pow(maxDistance, step);
        return left >= right ? (long)nearest : (long)nearest + 1;
    }
}
