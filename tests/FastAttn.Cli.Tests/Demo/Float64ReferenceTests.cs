using FastAttn.Cli.Demo;

namespace FastAttn.Cli.Tests.Demo;

public class Float64ReferenceTests
{
    private const int Dimension = DemoShape.HeadDimension;
    private static readonly RandomProjection Projection = RandomProjection.Create(20, Dimension, ProjectionKind.Iid, seed: 5);

    // Lengths around its blocks of 64 keys, rows around its groups of 4 and its tasks of 64.
    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(130)]
    public void Equals_the_formula_in_every_row(int length)
    {
        AttentionData data = new ByteEmbedding().Embed("a small document"u8.ToArray(), length);
        AssertEqualsFormula(data, [.. Enumerable.Range(0, length)]);
    }

    [Fact]
    public void Equals_the_formula_in_scattered_rows() =>
        AssertEqualsFormula(new ByteEmbedding().Embed("a small document"u8.ToArray(), 100), [99, 0, 17, 17, 64]);

    [Fact]
    public void Keeps_zero_vectors_zero()
    {
        AttentionData data = new ByteEmbedding().Embed("abcd"u8.ToArray(), 5);
        data.Query.AsSpan(0, Dimension).Clear();
        data.Key.AsSpan(2 * Dimension, Dimension).Clear();
        AssertEqualsFormula(data, [0, 1, 2, 3, 4]);
    }

    private static void AssertEqualsFormula(AttentionData data, int[] rows)
    {
        double[] result = new Float64Reference(data, Projection, threads: 2).Compute(rows);

        Assert.Equal(DemoShape.Heads * rows.Length * Dimension, result.Length);
        for (int head = 0; head < DemoShape.Heads; head++)
        {
            for (int row = 0; row < rows.Length; row++)
            {
                double[] expected = Formula(data, head, rows[row]);
                for (int column = 0; column < Dimension; column++)
                {
                    Assert.Equal(expected[column], result[(head * rows.Length + row) * Dimension + column], tolerance: 1e-12);
                }
            }
        }
    }

    // z_i = Σ_j exp(b_{j−i}) (φ(q_i)·φ(k_j)) v_j / Σ_j exp(b_{j−i}) (φ(q_i)·φ(k_j)), word for word.
    private static double[] Formula(AttentionData data, int head, int i)
    {
        double[] numerator = new double[Dimension];
        double denominator = 0;
        double[] query = Features(data.Query, head * data.Length + i);
        for (int j = 0; j < data.Length; j++)
        {
            double[] key = Features(data.Key, head * data.Length + j);
            double weight = Math.Exp(data.Bias[head * (2 * data.Length - 1) + j - i + data.Length - 1]) * query.Zip(key, (a, b) => a * b).Sum();
            denominator += weight;
            for (int column = 0; column < Dimension; column++) numerator[column] += weight * data.Value[(head * data.Length + j) * Dimension + column];
        }

        return Array.ConvertAll(numerator, sum => sum / denominator);
    }

    private static double[] Features(float[] rows, int row)
    {
        double[] x = [.. rows.Skip(row * Dimension).Take(Dimension).Select(value => (double)value)];
        double norm = Math.Sqrt(x.Sum(value => value * value));
        if (norm > 0) x = Array.ConvertAll(x, value => value / norm);

        float[] projection = Projection.Values.ToArray();
        return [.. Enumerable.Range(0, Projection.Features).Select(feature =>
            Math.Exp(x.Select((value, column) => value * projection[feature * Dimension + column]).Sum() - x.Sum(value => value * value) / 2))];
    }
}
