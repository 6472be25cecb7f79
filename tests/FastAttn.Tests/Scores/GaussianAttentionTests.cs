using FastAttn.Tests.Attention;
using FastAttn.Tests.Infrastructure;
using FastAttn.Tests.Positions;

namespace FastAttn.Tests.Scores;

/// <summary>Attention with the Gaussian kernel against the plain formula in float64, and where the norms would spoil it.</summary>
public sealed class GaussianAttentionTests
{
    [Property]
    public void AgreesWithFloat64(int seed) => ScoreCase.Any(seed, isGaussian: true, deviation: new Numbers(seed).Pick(0.1, 1, 4)).Holds();

    [Fact]
    public void EveryLengthUpTo300()
    {
        for (int n = 1; n <= 300; n++)
        {
            AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, n, 5) { ValueDimension = 3 }, n).WithNormalBias(1, n);
            new ScoreCase(n % 2 == 0 ? problem.With(options => options with { Causal = true }) : problem) { IsGaussian = true }.Holds(i => i % 7 == 0 || i == n - 1);
        }
    }

    [Fact]
    public void EveryGridUpToEightByEight()
    {
        for (int height = 1; height <= 8; height++)
        {
            for (int width = 1; width <= 8; width++)
            {
                var numbers = new Numbers((100 * height) + width);
                new ScoreCase(AttentionProblem.OnGrid(height, width, (_, _) => numbers.Normal(), 7, heads: 2)) { IsGaussian = true }.Holds();
            }
        }
    }

    /// <summary>The bound that the class promises as a rule, 2⁻¹² + 2D·√d·2⁻²⁴ a weight, for usual rows and some far from usual.</summary>
    [Theory]
    [InlineData(16, 0.5, 0, 64)]
    [InlineData(64, 1, 0, 256)]
    [InlineData(64, 1, 1000, 256)]
    [InlineData(64, 2, -300, 64)]
    [InlineData(64, 2.9, 0, 64)]
    [InlineData(128, 2, 1e6, 64)]
    [InlineData(512, 1, 50, 64)]
    [InlineData(512, 1.4, 0, 64)]
    [InlineData(64, 6, 0, 64)]
    public void WeightsAreAsPromised(int dimension, double deviation, double shift, int length)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, length, dimension) { ValueDimension = length }, 5, deviation);
        for (int i = 0; i < problem.Key.Length; i++)
        {
            // Half of the queries are near some key, so that weights of all sizes occur; all stand far out by the same shift.
            int twin = ((i / dimension * 7 % length) * dimension) + (i % dimension);
            if (i / dimension % 2 == 0) problem.Query[i] = (0.1f * problem.Query[i]) + problem.Key[twin];
        }

        for (int i = 0; i < problem.Key.Length; i++)
        {
            problem.Query[i] += (float)(shift * Math.Sin(i % dimension));
            problem.Key[i] += (float)(shift * Math.Sin(i % dimension));
        }

        // Values are a unit matrix, so that outputs are weights.
        Array.Clear(problem.Value);
        for (int j = 0; j < length; j++) problem.Value[(j * length) + j] = 1;
        float[] weights = new ScoreCase(problem) { IsGaussian = true }.Run();
        for (int i = 0; i < length; i++)
        {
            for (int j = 0; j < length; j++)
            {
                double distance = Distance(problem, i, j), expected = Math.Exp(-distance);
                double bound = (expected * (Math.Pow(2, -12) + (2 * distance * Math.Sqrt(dimension) * Math.Pow(2, -24)))) + 1e-37;
                Assert.True(Math.Abs(weights[(i * length) + j] - expected) <= bound, $"[{i}, {j}] is {weights[(i * length) + j]:r}, expected {expected:r} within {bound:e2}");
            }
        }
    }

    /// <summary>Queries that are keys, of norm 1000, in all directions and about one point: the weight of the pair is 1 and no more.</summary>
    [Theory]
    [InlineData(1000, 0)]
    [InlineData(1, 1000)]
    [InlineData(1e15, 0)]
    [InlineData(1e19, 0)]
    [InlineData(1e37, 0)]
    [InlineData(1e-30, 0)]
    public void EqualQueriesAndKeys(double deviation, double shift)
    {
        const int Length = 150, Columns = 64;
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, Length, Columns), 9, deviation / Math.Sqrt(Columns));
        for (int i = 0; i < problem.Key.Length; i++) problem.Query[i] = problem.Key[i] += (float)shift;
        new ScoreCase(problem) { IsGaussian = true }.Holds();
        if (deviation < 1000) return;

        // Nothing else is within reach.
        Assert.Equal(problem.Value, new ScoreCase(problem) { IsGaussian = true }.Run());
    }

    [Theory]
    [InlineData(50f)]
    [InlineData(1e6f)]
    [InlineData(1e18f)]
    [InlineData(3e38f)]
    public void OutliersHurtNoOtherRow(float size)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 200, 16), 5);
        float[] usual = Without(problem, 3).Run();
        problem.Key.AsSpan(3 * 16, 16).Fill(size);
        problem.Query.AsSpan(5 * 16, 16).Fill(-size);
        problem.Query.AsSpan(6 * 16, 16).Fill(size);
        float[] output = new ScoreCase(problem) { IsGaussian = true }.Holds();
        for (int i = 0; i < output.Length; i++)
        {
            if (i / 16 is not (5 or 6)) Assert.Equal(usual[i], output[i], 1e-5f);
        }

        for (int c = 0; c < 16; c++) Assert.Equal(problem.Value[(3 * 16) + c], output[(6 * 16) + c]);
    }

    [Fact]
    public void ABiasIsAFactorEvenFarOut()
    {
        // exp(60) on pairs whose distance takes exp(−60) back, and exp(−60) on all.
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 50, 4), 2);
        foreach (double b in (double[])[60, -60])
        {
            float[] plain = new ScoreCase(problem) { IsGaussian = true }.Run(), biased = new ScoreCase(problem.WithBias(_ => b)) { IsGaussian = true }.Run();
            for (int i = 0; i < plain.Length; i++) Assert.Equal(plain[i] * Math.Exp((float)b), biased[i], Math.Abs(plain[i] * Math.Exp(b)) * 1e-5);
        }
    }

    [Fact]
    public void ValuesNearOverflowStayFinite()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 100, 64), 2, 3);
        problem.Value.AsSpan().Fill(3e38f);
        Assert.All(new ScoreCase(problem) { IsGaussian = true }.Holds(), value => Assert.True(float.IsFinite(value)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ThreadsChangeNoBit(int heads)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(heads, 400, 32), 3, 3.5).WithNormalBias(1, 4);
        float[] alone = (new ScoreCase(problem) { IsGaussian = true, Threads = 1 }).Run();
        foreach (int threads in (int[])[2, 7]) Assert.Equal(alone, (new ScoreCase(problem) { IsGaussian = true, Threads = threads }).Run());
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(100.0)]
    public void NonFiniteNumbersReachExactlyWhatDependsOnThem(double deviation)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(2, 90, 10) { KeyHeads = 1, KeyLength = 110, ValueDimension = 6 }, 5, deviation)
            .With(options => options with { Causal = true }).WithNormalBias(1, 3);
        for (int i = 0; i < problem.Bias!.Length; i += 4) problem.Bias[i] = float.NegativeInfinity;
        problem.Query[77] = float.NaN;
        problem.Key[(100 * 10) + 3] = float.PositiveInfinity;
        problem.Value[(90 * 6) + 2] = float.NegativeInfinity;
        float[] output = new ScoreCase(problem) { IsGaussian = true }.Holds();
        Assert.Contains(output, float.IsNaN);
        Assert.Contains(output, float.IsFinite);
    }

    private static ScoreCase Without(AttentionProblem problem, int key) =>
        new(problem with { KeyMask = [.. Enumerable.Range(0, problem.Shape.KeyLength).Select(j => j != key)] }) { IsGaussian = true };

    private static double Distance(AttentionProblem problem, int i, int j)
    {
        double sum = 0;
        int d = problem.Shape.HeadDimension;
        for (int c = 0; c < d; c++) sum += Math.Pow((double)problem.Query[(i * d) + c] - problem.Key[(j * d) + c], 2);
        return sum / (2 * Math.Sqrt(d));
    }
}
