using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Positions;

/// <summary>Tables as published models store and index them, against what the library makes of them.</summary>
public sealed class PublishedTablesTests
{
    /// <summary>Swin: query minus key, y first, one column a head.</summary>
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 4, 2)]
    [InlineData(7, 7, 4)]
    public void SwinCountsQueryMinusKey(int height, int width, int heads)
    {
        int entries = ((2 * height) - 1) * ((2 * width) - 1);
        float[] table = [.. Enumerable.Range(0, entries * heads).Select(x => (float)x)];
        GridPosition position = GridPosition.FromSwin(table, height, width, heads);
        Assert.Equal((height, width, heads), (position.Height, position.Width, position.Heads));
        for (int head = 0; head < heads; head++)
        {
            for (int dy = 1 - height; dy < height; dy++)
            {
                for (int dx = 1 - width; dx < width; dx++)
                {
                    // Its index: (y_query − y_key + height − 1)·(2·width − 1) + (x_query − x_key + width − 1).
                    int index = ((-dy + height - 1) * ((2 * width) - 1)) - dx + width - 1;
                    int ours = ((dy + height - 1) * ((2 * width) - 1)) + dx + width - 1;
                    Assert.Equal(table[(index * heads) + head], position.Bias[(head * entries) + ours]);
                }
            }
        }
    }

    [Fact]
    public void T5CheckpointsHaveOneColumnAHead()
    {
        float[] table = [.. Enumerable.Range(0, 32 * 3).Select(x => (float)x)];
        T5Position position = T5Position.FromCheckpoint(table, heads: 3, bidirectional: false, maxDistance: 100);
        Assert.Equal((3, 32, false, 100, T5Rounding.Float32), (position.Heads, position.Buckets, position.Bidirectional, position.MaxDistance, position.Rounding));
        for (int head = 0; head < 3; head++)
        {
            for (int bucket = 0; bucket < 32; bucket++) Assert.Equal(table[(bucket * 3) + head], position.Bias[(head * 32) + bucket]);
        }
    }

    /// <summary>Every distance to twice the largest, step by step in float32 as published code has it; among them sizes where the exact rule differs.</summary>
    [Fact]
    public void T5BucketsInFloat32AreThoseOfPublishedCode()
    {
        int differing = 0;
        foreach ((int buckets, bool bidirectional, int maxDistance) in ((int, bool, int)[])
            [(32, true, 128), (32, false, 128), (64, true, 256), (128, true, 2048), (34, true, 27), (38, true, 196), (92, true, 164), (17, false, 27), (36, false, 50), (166, true, 1000)])
        {
            float[] bias = [.. Enumerable.Range(0, buckets).Select(bucket => (float)bucket)];
            double[] rounded = new double[(4 * maxDistance) + 1], exact = new double[rounded.Length];
            RelativePosition.T5(bias, 1, bidirectional, maxDistance, T5Rounding.Float32).Biases(0, -2 * maxDistance, rounded);
            RelativePosition.T5(bias, 1, bidirectional, maxDistance).Biases(0, -2 * maxDistance, exact);
            for (int index = 0; index < rounded.Length; index++)
            {
                Assert.Equal(Published(index - (2 * maxDistance), buckets, bidirectional, maxDistance), rounded[index]);
                if (rounded[index] != exact[index]) differing++;
            }
        }

        Assert.True(differing > 0, "no distance tells the two roundings apart");
    }

    [Theory]
    [InlineData(1, new[] { 1.0 / 256 })]
    [InlineData(2, new[] { 1.0 / 16, 1.0 / 256 })]
    [InlineData(4, new[] { 1.0 / 4, 1.0 / 16, 1.0 / 64, 1.0 / 256 })]
    [InlineData(3, new[] { 1.0 / 16, 1.0 / 256, 1.0 / 4 })]
    [InlineData(6, new[] { 1.0 / 4, 1.0 / 16, 1.0 / 64, 1.0 / 256, 1.0 / 2, 1.0 / 8 })]
    public void AlibiSlopesAreThePublishedOnes(int heads, double[] expected) =>
        Assert.Equal(expected, RelativePosition.AlibiSlopes(heads).Select(slope => (double)slope));

    [Fact]
    public void TwelveHeadsHaveThePublishedSlopes()
    {
        float[] slopes = RelativePosition.AlibiSlopes(12);
        Assert.Equal(0.5f, slopes[0]);
        Assert.Equal(1f / 256, slopes[7]);
        Assert.Equal([0.70710677f, 0.35355338f, 0.17677669f, 0.088388346f], slopes[8..]);
    }

    /// <summary>FastRPB's product as its code computes it: values behind n − 1 zeros, a cyclic convolution of 2n − 1, its first n entries.</summary>
    [Theory]
    [InlineData(5, 5)]
    [InlineData(5, 3)]
    [InlineData(1, 1)]
    public void FastRpbWeightsAreRotatedByOne(int most, int length)
    {
        var numbers = new Numbers(most + length);
        float[] stored = numbers.Normals(2 * ((2 * most) - 1)), value = numbers.Normals(2 * length), got = new float[2 * length];
        float[] weights = FastRpb.WeightsFromCheckpoint(stored, length, heads: 2);
        new FastRpb(weights, length, new FastRpbOptions { Heads = 2 }).Forward(new AttentionShape(2, length, 1), value, got);
        int period = (2 * length) - 1;
        for (int head = 0; head < 2; head++)
        {
            float[] z = stored.AsSpan((head * ((2 * most) - 1)) + most - length, period).ToArray();
            for (int i = 0; i < length; i++)
            {
                double sum = 0;
                for (int j = 0; j < length; j++) sum += (double)z[(((i - j - (length - 1)) % period) + period) % period] * value[(head * length) + j];
                Assert.Equal(sum, got[(head * length) + i], 1e-5);
            }
        }
    }

    [Fact]
    public void ErrorsAskWhetherATableIsTransposed()
    {
        var shape = new AttentionShape(8, 10, 4);
        foreach (RelativePosition position in (RelativePosition[])
            [RelativePosition.T5(new float[32 * 8], heads: 32), RelativePosition.Exponentials(Ones(3 * 8), Ones(3 * 8), heads: 3)])
        {
            ShapeException refusal = Assert.Throws<ShapeException>(() => new KernelizedAttention(shape, null, position));
            Assert.Contains("8 entries of each; is the table transposed?", refusal.Message, StringComparison.Ordinal);
        }

        Assert.Contains("transposed?", Assert.Throws<ShapeException>(() => RelativePosition.T5(new float[32 * 3], heads: 32)).Message, StringComparison.Ordinal);
        Assert.Contains("transposed?", Assert.Throws<ShapeException>(() => RelativePosition.Clipped(new float[9 * 4], heads: 9)).Message, StringComparison.Ordinal);
        Assert.DoesNotContain("transposed?", Assert.Throws<ShapeException>(() => RelativePosition.Clipped(new float[4])).Message, StringComparison.Ordinal);
    }

    private static float[] Ones(int count) => [.. Enumerable.Repeat(1f, count)];

    private static int Published(int t, int buckets, bool bidirectional, int maxDistance)
    {
        int first = 0, distance = bidirectional ? Math.Abs(t) : Math.Max(-t, 0);
        if (bidirectional)
        {
            buckets /= 2;
            if (t > 0) first = buckets;
        }

        int exact = buckets / 2;
        if (distance < exact) return first + distance;
        float quotient = (float)distance / exact;
        float logarithm = (float)Math.Log(quotient), share = logarithm / (float)Math.Log((double)maxDistance / exact);
        float steps = share * (buckets - exact);
        return first + Math.Min(exact + (int)steps, buckets - 1);
    }
}
