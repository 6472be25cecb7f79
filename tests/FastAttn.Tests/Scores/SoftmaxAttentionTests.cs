using System.Numerics.Tensors;
using FastAttn.Tests.Attention;
using FastAttn.Tests.Infrastructure;
using FastAttn.Tests.Positions;

namespace FastAttn.Tests.Scores;

/// <summary>The exact baseline against the plain formula in float64.</summary>
public sealed class SoftmaxAttentionTests
{
    public static TheoryData<PositionKind> Kinds => [.. Enum.GetValues<PositionKind>().Where(kind => kind is not (PositionKind.Dense or PositionKind.Grid))];

    [Property]
    public void AgreesWithFloat64(int seed) => ScoreCase.Any(seed, isGaussian: false, deviation: new Numbers(seed).Pick(0.1, 1, 4)).Holds();

    [Fact]
    public void EveryLengthUpTo300()
    {
        for (int n = 1; n <= 300; n++)
        {
            AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, n, 5) { ValueDimension = 3 }, n).WithNormalBias(1, n);
            new ScoreCase(n % 2 == 0 ? problem.With(options => options with { Causal = true }) : problem).Holds(i => i % 7 == 0 || i == n - 1);
        }
    }

    [Fact]
    public void LongRows() =>
        new ScoreCase(AttentionProblem.Normal(new AttentionShape(1, 1500, 64), 3).WithNormalBias(1, 4)).Holds(i => i % 50 == 0);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void EveryKindOfPosition(PositionKind kind)
    {
        for (int seed = 0; seed < 8; seed++)
        {
            var shape = new AttentionShape(2, 70, 8) { KeyLength = 90, ValueDimension = 5 };
            AttentionProblem problem = AttentionProblem.Normal(shape, seed).With(options => options with { Causal = seed % 2 == 0, QueryOffset = seed % 3 == 0 ? 1000 : seed - 4 });
            new ScoreCase(problem) { Kind = KindReference.Make(kind, seed % 4 < 2 ? 1 : 2, new Numbers(seed)) }.Holds();
        }
    }

    [Fact]
    public void EveryGridUpToTwelveByTwelve()
    {
        for (int height = 1; height <= 12; height++)
        {
            for (int width = 1; width <= 12; width++)
            {
                var numbers = new Numbers((100 * height) + width);
                new ScoreCase(AttentionProblem.OnGrid(height, width, (_, _) => numbers.Chance(0.2) ? double.NegativeInfinity : numbers.Normal(), 7, heads: 2)).Holds();
            }
        }
    }

    [Theory]
    [InlineData(30, 41)]
    [InlineData(2, 400)]
    [InlineData(400, 3)]
    public void LargerGrids(int height, int width)
    {
        var numbers = new Numbers(height + width);
        AttentionProblem problem = AttentionProblem.OnGrid(height, width, (_, _) => numbers.Normal(), 3) with { Lengths = [(height * width) - 9] };
        new ScoreCase(problem).Holds(i => i % 29 == 0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ThreadsChangeNoBit(int heads)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(heads, 400, 32), 3).WithNormalBias(1, 4);
        float[] alone = (new ScoreCase(problem) { Threads = 1 }).Run();
        foreach (int threads in (int[])[2, 7]) Assert.Equal(alone, (new ScoreCase(problem) { Threads = threads }).Run());
    }

    [Fact]
    public void TensorsAreReadAndWrittenInPlace()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(2, 30, 8) { KeyLength = 40, ValueDimension = 5 }, 1).WithNormalBias(1, 2);
        var test = new ScoreCase(problem);
        using AttentionSystem attention = test.Prepare();
        var output = new float[30 * 2 * 5];
        attention.Forward(
            LengthMajor(problem.Query, 30, 8), LengthMajor(problem.Key, 40, 8), LengthMajor(problem.Value, 40, 5),
            new TensorSpan<float>(output, [1, 2, 30, 5], [0, 5, 10, 1]));
        float[] expected = test.Run(attention);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], output[(i / 5 % 30 * 10) + (i / 150 * 5) + (i % 5)]);
    }

    [Fact]
    public void WhatMaskedKeysHoldDoesNotMatter()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 90, 8) { KeyLength = 130 }, 1) with
        {
            KeyMask = [.. Enumerable.Range(0, 130).Select(j => j % 3 != 0)],
            Lengths = [100],
        };
        float[] clean = new ScoreCase(problem).Holds();
        for (int j = 0; j < 130; j++)
        {
            if (j % 3 != 0 && j < 100) continue;
            problem.Key.AsSpan(j * 8, 8).Fill(j % 2 == 0 ? float.NaN : float.PositiveInfinity);
            problem.Value.AsSpan(j * 8, 8).Fill(float.NaN);
        }

        Assert.Equal(clean, new ScoreCase(problem).Run());
    }

    [Fact]
    public void AScaleIsAFactorOnTheProducts()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 60, 16), 1);
        float[] scaled = (new ScoreCase(problem) { Scale = 0.5f }).Run();
        Assert.Equal(scaled, new ScoreCase(problem with { Query = [.. problem.Query.Select(x => 2 * x)] }).Run());
    }

    private static ReadOnlyTensorSpan<float> LengthMajor(float[] dense, int rows, int columns)
    {
        var data = new float[dense.Length];
        for (int i = 0; i < dense.Length; i++) data[(i / columns % rows * 2 * columns) + (i / columns / rows * columns) + (i % columns)] = dense[i];
        return new ReadOnlyTensorSpan<float>(data, [1, 2, rows, columns], [0, columns, 2 * columns, 1]);
    }
}
