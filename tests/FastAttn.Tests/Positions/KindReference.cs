namespace FastAttn.Tests.Positions;

/// <summary>A position of some kind with parameters drawn from a seed, and b_t straight from the kind's definition in float64.</summary>
/// <param name="Position">The library's.</param>
/// <param name="Bias">b_t of a head and an offset t.</param>
internal sealed record KindReference(RelativePosition Position, Func<int, long, double> Bias)
{
    public static KindReference Make(PositionKind kind, int heads, Infrastructure.Numbers numbers, double scale = 1)
    {
        switch (kind)
        {
            case PositionKind.Clipped:
                {
                    int most = numbers.Pick(0, 1, 5, 40);
                    float[] bias = numbers.Normals(heads * ((2 * most) + 1), scale);
                    return new(RelativePosition.Clipped(bias, heads), (head, t) => bias[(head * ((2 * most) + 1)) + (int)Math.Clamp(t, -most, most) + most]);
                }

            case PositionKind.T5:
                {
                    bool bidirectional = numbers.Chance(0.5);
                    int buckets = numbers.Pick(4, 8, 32, 20), maxDistance = numbers.Pick(17, 100, 128);
                    float[] bias = numbers.Normals(heads * buckets, scale);
                    return new(
                        RelativePosition.T5(bias, heads, bidirectional, maxDistance),
                        (head, t) => bias[(head * buckets) + T5Bucket(t, buckets, bidirectional, maxDistance)]);
                }

            case PositionKind.Alibi:
                {
                    float[] slopes = Uniforms(numbers, heads, 0, 0.3 * scale);
                    return new(RelativePosition.Alibi(slopes), (head, t) => -(double)slopes[head] * Math.Abs(t));
                }

            case PositionKind.Exponentials:
                {
                    int terms = numbers.Between(1, 3);
                    float[] weights = Uniforms(numbers, heads * terms, 0.1, 3), rates = Uniforms(numbers, heads * terms, 0, 0.3 * scale);
                    return new(
                        RelativePosition.Exponentials(weights, rates, heads),
                        (head, t) =>
                        {
                            // Relative to the largest term, so that the reference does not underflow either.
                            var logs = Enumerable.Range(head * terms, terms).Select(r => Math.Log(weights[r]) - ((double)rates[r] * Math.Abs(t))).ToArray();
                            return logs.Max() + Math.Log(logs.Sum(x => Math.Exp(x - logs.Max())));
                        });
                }

            case PositionKind.KerpleLog:
                {
                    float[] r1 = Uniforms(numbers, heads, 0.1, 2 * scale), r2 = Uniforms(numbers, heads, 0.01, 2);
                    return new(RelativePosition.KerpleLog(r1, r2), (head, t) => -r1[head] * Math.Log(1 + ((double)r2[head] * Math.Abs(t))));
                }

            case PositionKind.KerplePower:
                {
                    float[] a = Uniforms(numbers, heads, 0.01, 0.3 * scale), p = Uniforms(numbers, heads, 0.1, 1.9);
                    return new(RelativePosition.KerplePower(a, p), (head, t) => -a[head] * Math.Pow(Math.Abs(t), p[head]));
                }

            default:
                throw new ArgumentOutOfRangeException(nameof(kind));
        }
    }

    /// <summary>
    /// T5's definition (Raffel et al. 2020) as it is published: t = key − query, the logarithm in float32 as every implementation
    /// has it.
    /// </summary>
    public static int T5Bucket(long t, int buckets, bool bidirectional, int maxDistance)
    {
        int first = 0;
        long distance = bidirectional ? Math.Abs(t) : Math.Max(-t, 0);
        if (bidirectional)
        {
            buckets /= 2;
            if (t > 0) first = buckets;
        }

        int exact = buckets / 2;
        if (distance < exact) return first + (int)distance;
        float share = MathF.Log((float)distance / exact) / (float)Math.Log((double)maxDistance / exact);
        return first + Math.Min(exact + (int)(share * (buckets - exact)), buckets - 1);
    }

    private static float[] Uniforms(Infrastructure.Numbers numbers, int count, double low, double high) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(low + ((high - low) * numbers.Uniform())))];
}
