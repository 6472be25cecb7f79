namespace FastAttn.Features;

/// <summary>
/// The random features of a draw arranged for a matrix product and a product of segments: by falling degree, so that the first
/// factors of all features, the second factors of those that have two, and so on, are segments that begin with the same features,
/// none longer than the one before.
/// </summary>
internal sealed class MaclaurinSegments
{
    public MaclaurinSegments(MaclaurinFeatures draw)
    {
        int[] degrees = draw.Degrees.ToArray(), order = [.. Enumerable.Range(0, degrees.Length).OrderByDescending(feature => degrees[feature])];
        int[] firstFactors = new int[degrees.Length];
        for (int feature = 1; feature < degrees.Length; feature++) firstFactors[feature] = firstFactors[feature - 1] + degrees[feature - 1];

        Counts = [.. Enumerable.Range(0, Math.Max(degrees.Max(), 1)).Select(factor => degrees.Count(degree => degree > factor))];
        Total = Counts.Sum();
        Factors = new float[Total * draw.Dimension];
        int row = 0;
        for (int factor = 0; factor < Counts.Length; factor++)
        {
            foreach (int feature in order.Take(Counts[factor]))
            {
                float size = factor == 0 ? (float)SizeOf(draw, degrees[feature]) : 1;
                ReadOnlySpan<sbyte> signs = draw.Signs.Slice((firstFactors[feature] + factor) * draw.Dimension, draw.Dimension);
                Span<float> values = Factors.AsSpan(row++ * draw.Dimension, draw.Dimension);
                for (int i = 0; i < values.Length; i++) values[i] = signs[i] * size;
            }
        }
    }

    /// <summary>Elements of each segment: features of degree 1 and more, 2 and more, and so on.</summary>
    public int[] Counts { get; }

    /// <summary>Elements of all segments.</summary>
    public int Total { get; }

    /// <summary>±1, <c>[Total, d]</c>, the first segment's times √(a_N/(P[N]·R)).</summary>
    public float[] Factors { get; }

    /// <summary>What the ±1 products of a random feature of some degree are multiplied by.</summary>
    public static double SizeOf(MaclaurinFeatures draw, int degree) =>
        Math.Sqrt(MaclaurinSeries.Coefficient(draw.Kernel, degree) / (MaclaurinSeries.Probability(draw.FirstDegree, degree) * draw.Degrees.Length));
}
