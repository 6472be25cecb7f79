using FastAttn.Tests.Attention;
using FastAttn.Tests.Infrastructure;
using FastAttn.Tests.Scores;

namespace FastAttn.Tests.Nystrom;

/// <summary>Skyformer against its formula in float64, its guarantee, and what it approximates.</summary>
public sealed class SkyformerTests
{
    public static TheoryData<SkyformerInverse> Inverses => [.. Enum.GetValues<SkyformerInverse>()];

    [Property]
    public void AgreesWithFloat64(int seed)
    {
        var numbers = new Numbers(seed);
        int keyHeads = numbers.Between(1, 2), queries = numbers.Between(1, 90), keys = numbers.Chance(0.5) ? queries : numbers.Between(1, 90);
        var shape = new AttentionShape(keyHeads * numbers.Between(1, 2), queries, numbers.Between(1, 24))
        {
            Batch = numbers.Between(1, 2),
            KeyHeads = keyHeads,
            KeyLength = keys,
            ValueDimension = numbers.Between(1, 20),
        };
        AttentionProblem problem = AttentionProblem.Normal(shape, seed ^ 1, numbers.Pick(0.3, 1, 2));
        if (numbers.Chance(0.3)) problem = problem with { Lengths = [.. Enumerable.Range(0, shape.Batch).Select(_ => numbers.Between(0, keys))] };
        if (numbers.Chance(0.3)) problem = problem with { KeyMask = [.. Enumerable.Range(0, keys).Select(_ => numbers.Chance(0.7))] };
        var options = new SkyformerOptions
        {
            Landmarks = numbers.Between(1, 60),
            Gamma = numbers.Pick(0.05f, 0.1f, 1f),
            Inverse = numbers.Pick(Enum.GetValues<SkyformerInverse>()),
            Sampling = numbers.Pick(Enum.GetValues<LandmarkSampling>()),
            Seed = (ulong)numbers.Between(0, 1000),
            Threads = numbers.Between(1, 3),
        };
        if (numbers.Chance(0.4)) options = options with { LandmarkIndices = [.. Enumerable.Range(0, numbers.Between(1, 70)).Select(_ => numbers.Between(0, queries + keys - 1))] };
        new SkyformerCase(problem, options).Holds();
    }

    [Theory]
    [MemberData(nameof(Inverses))]
    public void EveryLengthUpTo300(SkyformerInverse inverse)
    {
        for (int n = 1; n <= 300; n++)
        {
            AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, n, 6) { ValueDimension = 3 }, n);
            new SkyformerCase(problem, new SkyformerOptions { Landmarks = n % 3 == 0 ? 128 : 20, Inverse = inverse, Seed = (ulong)n }).Holds();
        }
    }

    [Fact]
    public void RoundingIsThatOfFloat32()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 400, 64), 3);
        Assert.InRange(new SkyformerCase(problem, new SkyformerOptions()).Holds(), 1e-6, 0.02);
    }

    /// <summary>C̄ − C̄̃ is positive semidefinite (theorem 2): what the library makes of all rows as queries and as keys, with unit vectors as values.</summary>
    [Theory]
    [InlineData(0f, 24)]
    [InlineData(0f, 1)]
    [InlineData(0.1f, 24)]
    [InlineData(0f, 90)]
    public void WhatIsLeftIsPositiveSemidefinite(float gamma, int landmarks)
    {
        const int Rows = 90, Columns = 12;
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, Rows, Columns) { ValueDimension = Rows }, 8);
        problem.Query.CopyTo(problem.Key, 0);
        Array.Clear(problem.Value);
        for (int i = 0; i < Rows; i++) problem.Value[(i * Rows) + i] = 1;
        int[] indices = [.. Enumerable.Range(0, landmarks).Select(a => a * 7 % Rows)];
        float[] approximate = new SkyformerCase(problem, new SkyformerOptions { LandmarkIndices = indices, Gamma = gamma }).Run();
        double[][] x = SkyformerCase.Rows(problem.Query, 0, Rows, Columns), left = SkyformerCase.Kernel(x, x);
        for (int i = 0; i < Rows; i++)
        {
            for (int j = 0; j < Rows; j++) left[i][j] -= (approximate[(i * Rows) + j] + (double)approximate[(j * Rows) + i]) / 2;
        }

        // Each entry carries at most 2⁻¹⁴; a row of them moves an eigenvalue by no more than their sum.
        Assert.True(Dense.IsPositive(left, Rows * Math.Pow(2, -14)));

        // And the test would see a difference that is not: C̄̃ − C̄ has a negative one where anything is left.
        double[][] negative = Array.ConvertAll(left, row => Array.ConvertAll(row, value => -value));
        Assert.Equal(landmarks == Rows && gamma == 0, Dense.IsPositive(negative, Rows * Math.Pow(2, -14)));
    }

    [Fact]
    public void MoreLandmarksComeCloserToTheExactForm()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 200, 4), 4);
        float[] exact = new ScoreCase(problem) { IsGaussian = true }.Run();
        double before = double.PositiveInfinity;
        foreach (int landmarks in (int[])[4, 16, 64, 256, 400])
        {
            float[] near = new SkyformerCase(problem, new SkyformerOptions { Landmarks = landmarks, Gamma = 0 }).Run();
            double error = Math.Sqrt(near.Zip(exact, (a, b) => (a - b) * (double)(a - b)).Sum() / exact.Sum(x => (double)x * x));
            Assert.True(error < before / 2, $"{landmarks} landmarks: error {error:e2} after {before:e2}");
            before = error;
        }

        // All rows are landmarks: nothing is left but rounding.
        Assert.InRange(before, 0, 1e-4);
    }

    /// <summary>Rows that are as good as equal, or on a line: a matrix that no float64 factor of full rank has, and no γ to help.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 0.2)]
    [InlineData(16, 1e-4)]
    [InlineData(16, 0)]
    public void DependentLandmarksDoNoHarm(int dimension, double deviation)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 150, dimension), 4, deviation);
        float[] exact = new ScoreCase(problem) { IsGaussian = true }.Run(), near = new SkyformerCase(problem, new SkyformerOptions { Gamma = 0 }).Run();
        double size = exact.Max(Math.Abs), worst = near.Zip(exact, (a, b) => Math.Abs((double)a - b)).Max();
        Assert.True(worst <= 1e-4 * size, $"off by {worst:e2} of {size:e2}");
    }

    [Fact]
    public void ASequencesAnswerDependsOnNoOtherAndNotOnItsPadding()
    {
        var shape = new AttentionShape(2, 120, 16) { Batch = 3, ValueDimension = 9 };
        AttentionProblem batch = AttentionProblem.Normal(shape, 6) with { Lengths = [120, 70, 30] };
        var options = new SkyformerOptions { Landmarks = 40, Seed = 5 };
        float[] together = new SkyformerCase(batch, options).Run();
        for (int b = 0; b < 3; b++)
        {
            int kept = batch.Lengths![b];
            var alone = new AttentionProblem(
                shape with { Batch = 1, QueryLength = kept, KeyLength = kept }, Cut(batch.Query, b, kept, 16), Cut(batch.Key, b, kept, 16), Cut(batch.Value, b, kept, 9));
            Assert.Equal(Cut(together, b, kept, 9), new SkyformerCase(alone, options).Run());
        }

        float[] Cut(float[] rows, int b, int kept, int columns) =>
            [.. Enumerable.Range(0, 2).SelectMany(h => rows.Skip(((b * 2) + h) * 120 * columns).Take(kept * columns))];
    }

    /// <summary>The only landmark is a key that the mask leaves out.</summary>
    [Fact]
    public void WithoutLandmarksRowsAreZerosAndStillDependOnWhatTheySee()
    {
        bool[] mask = [.. Enumerable.Range(0, 70).Select(j => j > 0)];
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 80, 8) { KeyLength = 70, ValueDimension = 5 }, 6) with { KeyMask = mask };
        foreach (SkyformerInverse inverse in Enum.GetValues<SkyformerInverse>())
        {
            var options = new SkyformerOptions { LandmarkIndices = [80], Inverse = inverse };
            float[] key = [.. problem.Key], value = [.. problem.Value];
            Assert.All(new SkyformerCase(problem, options).Run(), x => Assert.Equal(0, x));
            value[(60 * 5) + 2] = float.NegativeInfinity;
            float[] output = new SkyformerCase(problem with { Value = value }, options).Run();
            for (int i = 0; i < output.Length; i++) Assert.Equal(i % 5 == 2 ? float.NaN : 0, output[i]);
            key[(60 * 8) + 7] = float.NaN;
            Assert.All(new SkyformerCase(problem with { Key = key }, options).Run(), x => Assert.True(float.IsNaN(x)));
        }
    }

    [Fact]
    public void NonFiniteNumbersReachExactlyWhatDependsOnThem()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 80, 8) { KeyLength = 70, ValueDimension = 5 }, 6);
        foreach (SkyformerInverse inverse in Enum.GetValues<SkyformerInverse>())
        {
            var options = new SkyformerOptions { Landmarks = 150, Inverse = inverse };
            float[] query = [.. problem.Query], key = [.. problem.Key], value = [.. problem.Value];
            query[(12 * 8) + 3] = float.NaN;
            value[(60 * 5) + 2] = float.PositiveInfinity;
            float[] output = new SkyformerCase(problem with { Query = query, Value = value }, options).Run();
            for (int i = 0; i < output.Length; i++) Assert.Equal(i / 5 == 12 || i % 5 == 2, float.IsNaN(output[i]));
            key[7] = float.NegativeInfinity;
            Assert.All(new SkyformerCase(problem with { Key = key }, options).Run(), x => Assert.True(float.IsNaN(x)));
            bool[] mask = [.. Enumerable.Range(0, 70).Select(j => j > 0)];
            Assert.All(new SkyformerCase(problem with { Key = key, KeyMask = mask }, options).Run(), x => Assert.True(float.IsFinite(x)));
        }
    }

    [Fact]
    public void NoKeyOrNoLandmarkGivesZeros()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 20, 8), 6);
        Assert.All(new SkyformerCase(problem with { Lengths = [0] }, new SkyformerOptions()).Run(), x => Assert.Equal(0, x));
        Assert.All(new SkyformerCase(problem with { Lengths = [10] }, new SkyformerOptions { LandmarkIndices = [15, 39] }).Run(), x => Assert.Equal(0, x));
    }

    [Theory]
    [MemberData(nameof(Inverses))]
    public void ThreadsChangeNoBit(SkyformerInverse inverse)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(3, 500, 32), 3);
        float[] alone = new SkyformerCase(problem, new SkyformerOptions { Threads = 1, Inverse = inverse }).Run();
        foreach (int threads in (int[])[2, 7]) Assert.Equal(alone, new SkyformerCase(problem, new SkyformerOptions { Threads = threads, Inverse = inverse }).Run());
    }

    [Fact]
    public void SixSchulzStepsAreNotAnInverse()
    {
        // With many landmarks close together the smallest eigenvalues are far from done; alone, one is.
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 300, 8), 3, 0.3);
        float[] exact = new SkyformerCase(problem, new SkyformerOptions { Gamma = 1e-3f }).Run();
        float[] steps = new SkyformerCase(problem, new SkyformerOptions { Gamma = 1e-3f, Inverse = SkyformerInverse.Schulz }).Run();
        Assert.True(exact.Zip(steps, (a, b) => Math.Abs(a - b)).Max() > 0.01 * exact.Max(Math.Abs));
        exact = new SkyformerCase(problem, new SkyformerOptions { Landmarks = 1 }).Run();
        steps = new SkyformerCase(problem, new SkyformerOptions { Landmarks = 1, Inverse = SkyformerInverse.Schulz }).Run();
        for (int i = 0; i < exact.Length; i++) Assert.Equal(exact[i], steps[i], 1e-5f * (1 + Math.Abs(exact[i])));
    }
}
