using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>The maps of linear transformers: SIKF and its invariance, DPFP and its zeros, and what no finite input may do to them.</summary>
public sealed class ElementwiseMapTests
{
    private static readonly Method[] Methods = [Method.Direct, Method.Fft, Method.Linear];

    /// <summary>Whole multiples of 2⁻¹⁰ stay exact when whole numbers are added, so even the bits must be the same.</summary>
    [Property]
    public void SikfForgetsWhatIsAddedToAllEntriesOfAQueryAndOfAllKeys(int seed)
    {
        AttentionProblem problem = Sikf(new Numbers(seed));
        var shifts = new Numbers(seed + 1);
        int ofKeys = shifts.Between(-1000, 1000);
        int[] ofQueries = [.. Enumerable.Range(0, problem.Shape.QueryLength).Select(_ => shifts.Between(-1000, 1000))];
        AttentionProblem shifted = problem with
        {
            Query = [.. problem.Query.Select((x, index) => x + ofQueries[index / problem.Shape.HeadDimension])],
            Key = [.. problem.Key.Select(x => x + ofKeys)],
        };
        Assert.Equal(problem.Run().Output, shifted.Run().Output);
        Contract.Holds(shifted);
    }

    /// <summary>φ(q + u)·φ(k − u) = φ(q)·φ(k), entry by entry.</summary>
    [Property]
    public void SikfForgetsWhatMovesFromKeysToQueries(int seed)
    {
        AttentionProblem problem = Sikf(new Numbers(seed));
        var shifts = new Numbers(seed + 1);
        int[] moved = [.. Enumerable.Range(0, problem.Shape.HeadDimension).Select(_ => shifts.Between(-30, 30))];
        Contract.HoldsFor(problem, (problem with
        {
            Query = [.. problem.Query.Select((x, index) => x + moved[index % moved.Length])],
            Key = [.. problem.Key.Select((x, index) => x - moved[index % moved.Length])],
        }).Run());
    }

    /// <summary>Maps without negative features average: a result lies between the least and the largest value.</summary>
    [Property]
    public void NoFiniteInputOverflows(int seed)
    {
        var numbers = new Numbers(seed);
        float[] extremes = [float.MaxValue, -float.MaxValue, 1e30f, -1e30f, 100, -100, 1, -1, 1e-30f, -1e-30f, float.Epsilon, -float.Epsilon, 0];
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 20, numbers.Between(1, 6)), numbers.Between(0, 1000));
        foreach (FeatureMap map in new[] { FeatureMap.Sikf, FeatureMap.Elu, FeatureMap.Relu, FeatureMap.Dpfp, FeatureMap.Prf })
        {
            foreach (bool normalize in new[] { false, true })
            {
                AttentionProblem extreme = problem.With(options => options with { FeatureMap = map, Normalize = normalize, Method = numbers.Pick(Methods) }) with
                {
                    Query = [.. problem.Query.Select(_ => numbers.Pick(extremes))],
                    Key = [.. problem.Key.Select(_ => numbers.Pick(extremes))],
                };
                float[] output = extreme.Run().Output;
                Assert.True(output.All(z => z >= Math.Min(0, problem.Value.Min()) - 1e-3f && z <= Math.Max(0, problem.Value.Max()) + 1e-3f), $"{extreme}: {output.Min()}…{output.Max()}");
            }
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(1, 7)]
    [InlineData(2, 1)]
    [InlineData(3, 5)]
    [InlineData(7, 3)]
    [InlineData(8, 40)]
    [InlineData(17, 2)]
    [InlineData(64, 1)]
    [InlineData(64, 3)]
    [InlineData(100, 40)]
    [InlineData(512, 8)]
    public void DpfpOfAnyWidth(int dimension, int nu)
    {
        foreach (Method method in Methods)
        {
            AttentionProblem problem = Dpfp(33, dimension, nu, dimension + nu).By(method);
            Contract.Holds(method == Method.Linear ? problem : problem.WithNormalBias(0.5, nu));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DpfpAtEveryLengthTo300(bool causal)
    {
        for (int n = 1; n <= 300; n++)
        {
            foreach (Method method in Methods)
            {
                AttentionProblem problem = Dpfp(n, 4, 1 + (n % 3), n).With(options => options with { Method = method, Causal = causal });
                Contract.Holds(method == Method.Linear ? problem : problem.WithNormalBias(0.5, n));
            }
        }
    }

    /// <summary>Products of entries that lie far apart are much smaller than their factors; where nothing else is left they still count.</summary>
    [Theory]
    [InlineData(1e-6)]
    [InlineData(1e-12)]
    [InlineData(1e-18)]
    [InlineData(1e-24)]
    public void FaintProductsCount(double spread)
    {
        var numbers = new Numbers(3);
        AttentionProblem problem = Dpfp(60, 4, 1, 4);
        foreach (float[] rows in new[] { problem.Query, problem.Key })
        {
            // Entries 0 and 2 are no neighbours, so the large one meets only zeros and the product that is left is faint.
            for (int row = 0; row < rows.Length; row += 4)
            {
                bool faint = numbers.Chance(0.8);
                (rows[row], rows[row + 1]) = (1e9f, faint ? 0 : 1);
                (rows[row + 2], rows[row + 3]) = ((float)(spread * Math.Abs(rows[row + 2])), (float)(spread * spread * Math.Abs(rows[row + 3])));
            }
        }

        foreach (Method method in Methods) Contract.Holds(problem.By(method));
    }

    [Theory]
    [InlineData(1e-30f)]
    [InlineData(1e-38f)]
    [InlineData(1e18f)]
    [InlineData(1e30f)]
    public void DpfpForgetsTheSizeOfItsRows(float size)
    {
        AttentionProblem problem = Dpfp(50, 6, 2, 9).WithNormalBias(0.5, 10);
        float[] Times(float[] rows) => [.. rows.Select(x => x * size)];
        foreach (Method method in new[] { Method.Direct, Method.Fft })
            Contract.HoldsFor(problem, (problem with { Query = Times(problem.Query), Key = Times(problem.Key) }).By(method).Run());
    }

    /// <summary>With x = [1, 2, −3] and ν = 2, φ(x) = [3 2 0 0 0 0, 0 6 0 0 0 0]; φ([2, 1, 0]) = [0 2 0 …]: weights 49 and 4.</summary>
    [Fact]
    public void DpfpByHand()
    {
        foreach (Method method in Methods) Assert.Equal(5f, ByHand([1, 2, -3], [1, 2, -3, 2, 1, 0], method), 1e-5f);
    }

    [Fact]
    public void FeaturesThatMeetNowhereGiveZeros()
    {
        foreach (Method method in Methods)
        {
            // φ([−1, −2, 0]) has its one product where neither key has one; [1, 0, 1] has none at all.
            Assert.Equal(0f, ByHand([-1, -2, 0], [1, 2, -3, 2, 1, 0], method));
            Assert.Equal(0f, ByHand([1, 0, 0], [1, 2, -3, 2, 1, 0], method));
            Assert.Equal(0f, ByHand([1, 2, -3], new float[6], method));
            Assert.Equal(float.NaN, ByHand([1, 0, 0], [1, 2, -3, 2, float.NaN, 0], method));
        }
    }

    private static float ByHand(float[] query, float[] key, Method method)
    {
        var shape = new AttentionShape(1, 1, 3) { KeyLength = 2, ValueDimension = 1 };
        using var attention = new KernelizedAttention(shape, new() { FeatureMap = FeatureMap.Dpfp, Nu = 2, Method = method });
        float[] z = new float[1];
        attention.Forward(query.AsSpan(), key, [1f, 54f], z);
        return z[0];
    }

    private static AttentionProblem Dpfp(int length, int dimension, int nu, int seed) =>
        AttentionProblem.Normal(new AttentionShape(1, length, dimension) { ValueDimension = 5 }, seed)
            .With(options => options with { FeatureMap = FeatureMap.Dpfp, Nu = nu });

    private static AttentionProblem Sikf(Numbers numbers)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, numbers.Between(1, 40), numbers.Between(1, 20)), numbers.Between(0, 1000), 2)
            .With(options => options with { FeatureMap = FeatureMap.Sikf, Causal = numbers.Chance(0.3), Method = numbers.Pick(Methods) });
        problem = problem with { Query = OnGrid(problem.Query), Key = OnGrid(problem.Key) };
        return problem.Options.Method == Method.Linear ? problem : problem.WithNormalBias(0.5, numbers.Between(0, 1000));
    }

    private static float[] OnGrid(float[] values) => [.. values.Select(x => MathF.Round(x * 1024) / 1024)];
}
