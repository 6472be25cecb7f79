using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>The exact baseline against float64.</summary>
public sealed class SoftmaxAttentionTests
{
    [Property]
    public void AgreesWithFloat64(int seed)
    {
        var numbers = new Numbers(seed);
        bool causal = numbers.Chance(0.5), perHead = numbers.Chance(0.5);
        int keys = numbers.Between(1, 150), keyHeads = numbers.Between(1, 2);
        var shape = new AttentionShape(keyHeads * numbers.Between(1, 3), numbers.Between(1, causal ? keys : 150), numbers.Between(1, 40))
        {
            Batch = numbers.Between(1, 2),
            KeyHeads = keyHeads,
            KeyLength = keys,
            ValueDimension = numbers.Between(1, 40),
        };
        AttentionProblem problem = AttentionProblem.Normal(shape, seed ^ 1, numbers.Pick(0.1, 1, 4)).With(options => options with { Causal = causal });
        if (numbers.Chance(0.7)) problem = problem.WithNormalBias(2, seed ^ 2, perHead);
        if (problem.Bias is not null && numbers.Chance(0.5))
        {
            for (int i = 0; i < problem.Bias.Length; i += numbers.Between(1, 5)) problem.Bias[i] = float.NegativeInfinity;
        }

        var output = new float[shape.Batch * shape.Heads * shape.QueryLength * shape.ValueDimension];
        output.AsSpan().Fill(float.NaN);
        SoftmaxAttention.Forward(
            shape, problem.Query, problem.Key, problem.Value, output, problem.Bias, causal, numbers.Between(1, 3));
        double[] expected = Reference(problem);
        for (int i = 0; i < output.Length; i++) Assert.True(Math.Abs(output[i] - expected[i]) <= 2e-5, $"[{i}] is {output[i]}, expected {expected[i]}: {problem}");
    }

    [Fact]
    public void LongRows()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 1500, 64), 3).WithNormalBias(1, 4);
        var output = new float[1500 * 64];
        SoftmaxAttention.Forward(problem.Shape, problem.Query, problem.Key, problem.Value, output, problem.Bias);
        double[] expected = Reference(problem);
        for (int i = 0; i < output.Length; i++) Assert.Equal(expected[i], output[i], 2e-5);
    }

    [Fact]
    public void ThreadsChangeNoBit()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(3, 400, 32), 3).WithNormalBias(1, 4);
        float[] one = new float[3 * 400 * 32], seven = new float[3 * 400 * 32];
        SoftmaxAttention.Forward(problem.Shape, problem.Query, problem.Key, problem.Value, one, problem.Bias, threads: 1);
        SoftmaxAttention.Forward(problem.Shape, problem.Query, problem.Key, problem.Value, seven, problem.Bias, threads: 7);
        Assert.Equal(one, seven);
    }

    private static double[] Reference(AttentionProblem problem)
    {
        AttentionShape s = problem.Shape;
        var output = new double[s.Batch * s.Heads * s.QueryLength * s.ValueDimension];
        for (int row = 0; row < output.Length / s.ValueDimension; row++)
        {
            int i = row % s.QueryLength, h = row / s.QueryLength % s.Heads, b = row / s.QueryLength / s.Heads;
            int firstKey = ((b * s.KeyHeads) + (h / (s.Heads / s.KeyHeads))) * s.KeyLength;
            int[] visible = [.. Enumerable.Range(0, s.KeyLength).Where(j => problem.IsVisible(b, h, i, j))];
            double[] scores = Array.ConvertAll(visible, j => problem.BiasOf(h, i, j) + (Dot(problem, row, firstKey + j) / Math.Sqrt(s.HeadDimension)));
            double shift = scores.DefaultIfEmpty().Max(), sum = scores.Sum(score => Math.Exp(score - shift));
            for (int t = 0; t < visible.Length; t++)
            {
                for (int c = 0; c < s.ValueDimension; c++)
                {
                    output[(row * s.ValueDimension) + c] += Math.Exp(scores[t] - shift) / sum * problem.Value[((firstKey + visible[t]) * s.ValueDimension) + c];
                }
            }
        }

        return output;
    }

    private static double Dot(AttentionProblem problem, int query, int key)
    {
        double sum = 0;
        for (int c = 0, d = problem.Shape.HeadDimension; c < d; c++) sum += (double)problem.Query[(query * d) + c] * problem.Key[(key * d) + c];
        return sum;
    }
}
