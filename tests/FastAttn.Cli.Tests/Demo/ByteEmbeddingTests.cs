using FastAttn.Cli.Demo;

namespace FastAttn.Cli.Tests.Demo;

public class ByteEmbeddingTests
{
    private const int Dimension = DemoShape.HeadDimension;
    private static readonly ByteEmbedding Embedding = new();

    [Fact]
    public void Shapes_are_those_of_eight_heads()
    {
        AttentionData data = Embedding.Embed("abc"u8.ToArray(), 10);

        Assert.Equal(8 * 10 * 64, data.Query.Length);
        Assert.Equal(8 * 10 * 64, data.Key.Length);
        Assert.Equal(8 * 10 * 64, data.Value.Length);
        Assert.Equal(8 * 19, data.Bias.Length);
        Assert.Equal(new AttentionShape(8, 10, 64), data.Shape);
    }

    [Fact]
    public void A_short_document_is_repeated()
    {
        AttentionData once = Embedding.Embed("abcabcabcabc"u8.ToArray(), 12);
        AttentionData repeated = Embedding.Embed("abc"u8.ToArray(), 12);

        Assert.Equal(once.Query, repeated.Query);
        Assert.Equal(once.Key, repeated.Key);
        Assert.Equal(once.Value, repeated.Value);
    }

    [Fact]
    public void A_position_depends_on_four_bytes_with_halving_weights()
    {
        // The contribution of byte y, p positions back, is the difference that y instead of x makes there.
        AttentionData origin = Embedding.Embed("xxxxxxxx"u8.ToArray(), 8);
        AttentionData impulse = Embedding.Embed("xxyxxxxx"u8.ToArray(), 8);
        double[] difference = [.. Enumerable.Range(0, 8).Select(position => (double)impulse.Query[position * Dimension] - origin.Query[position * Dimension])];

        Assert.NotEqual(0, difference[2]);
        double[] shares = [.. difference.Select(value => value / difference[2])];
        double[] expected = [0, 0, 1, 0.5, 0.25, 0.125, 0, 0];
        for (int position = 0; position < 8; position++) Assert.Equal(expected[position], shares[position], tolerance: 1e-5);
    }

    [Fact]
    public void Heads_and_roles_differ_and_entries_have_variance_one()
    {
        byte[] document = [.. Enumerable.Range(0, 2048).Select(position => (byte)(position * 167 >> 3))];
        AttentionData data = Embedding.Embed(document, 2048);

        Assert.NotEqual(data.Query, data.Key);
        Assert.NotEqual(data.Key, data.Value);
        Assert.NotEqual(data.Query[..Dimension], data.Query[(2048 * Dimension)..(2049 * Dimension)]);
        foreach (float[] entries in (float[][])[data.Query, data.Key, data.Value])
        {
            Assert.InRange(entries.Average(value => (double)value * value), 0.9, 1.1);
        }
    }

    [Fact]
    public void The_bias_of_an_offset_is_the_same_at_every_length_and_has_deviation_one_half()
    {
        AttentionData shorter = Embedding.Embed("abc"u8.ToArray(), 100);
        AttentionData longer = Embedding.Embed("abc"u8.ToArray(), 1000);
        for (int head = 0; head < 8; head++)
        {
            Assert.Equal(shorter.Bias[(head * 199)..((head + 1) * 199)], longer.Bias[(head * 1999 + 900)..(head * 1999 + 1099)]);
        }

        Assert.InRange(longer.Bias.Average(value => (double)value * value), 0.24, 0.26);
        Assert.InRange(longer.Bias.Average(), -0.02, 0.02);
    }
}
