using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>The accuracy contract of the methods that use tails, over every structure they can use.</summary>
public sealed class TailMethodsTests
{
    public static TheoryData<Method, string, bool> Structures()
    {
        var rows = new TheoryData<Method, string, bool>();
        foreach (Method method in (Method[])[Method.Band, Method.Decay, Method.Multipole])
        {
            foreach (string name in StructuredPositions.Of(method))
            {
                rows.Add(method, name, false);
                rows.Add(method, name, true);
            }
        }

        return rows;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void MultipoleOfFewerFeaturesThanAChunk(int features) =>
        Contract.Holds(
            AttentionProblem.Normal(new AttentionShape(1, 400, features), seed: features)
                .WithBias(t => -Math.Abs(t) / 100.0)
                .With(options => options with { FeatureMap = FeatureMap.Elu, Method = Method.Multipole }));

    [Theory]
    [MemberData(nameof(Structures))]
    public void EveryLengthTo300(Method method, string name, bool causal)
    {
        int ran = 0;
        for (int n = 1; n <= 300; n++)
        {
            if (Small(n, n, causal).With(name, method) is not AttentionProblem problem) continue;
            AttentionRun run = Contract.Holds(problem, row => n < 100 || row % 7 == 0 || row > n - 8);
            Assert.Equal(method, run.Plan.Method);
            ran++;
        }

        Assert.InRange(ran, method == Method.Multipole ? 50 : 200, 300);
    }

    [Theory]
    [MemberData(nameof(Structures))]
    public void PrimesAndNeighboursOfPowersOfTwo(Method method, string name, bool causal)
    {
        foreach (int n in new[] { 383, 511, 512, 513, 1023, 1024, 1025, 1283, 2047, 2049, 2503 })
        {
            AttentionRun run = Contract.Holds(Small(n, n, causal).With(name, method)!, row => row < 8 || row >= n - 8 || row % 131 == 0);

            // The first causal rows see little more than what is neglected, and so do rows at an end that see the steeper side only.
            Assert.InRange(run.Report.RepairedRows, 0, causal || name == "lopsided" ? 4 : 0);
            Assert.Equal(0, run.Report.FallbackHeads);
        }
    }

    /// <summary>Beyond 16,384 keys only large boxes keep their states, and those of smaller ones are summed again where rows need them.</summary>
    [Theory]
    [InlineData(16_385, "logarithm", false)]
    [InlineData(20_011, "power", true)]
    [InlineData(33_000, "gaussian", false)]
    [InlineData(70_001, "logarithm", true)]
    [InlineData(70_001, "lopsided", false)]
    public void LongSequences(int n, string name, bool causal)
    {
        AttentionRun run = Contract.Holds(Small(n, n, causal).With(name, Method.Multipole)!, row => row < 3 || row >= n - 3 || row % 2503 == 0);
        Assert.InRange(run.Report.RepairedRows, 0, n / 200);
        Assert.Equal(0, run.Report.FallbackHeads);
    }

    /// <summary>Few rows far into many keys, and many rows before few: their boxes are not the keys'.</summary>
    [Theory]
    [InlineData(300, 40_000, 39_000, true)]
    [InlineData(40_000, 700, 0, true)]
    [InlineData(200, 40_000, null, false)]
    [InlineData(40_000, 300, null, false)]
    public void LongAndShort(int queries, int keys, int? offset, bool causal)
    {
        AttentionProblem problem = Small(queries, keys, causal).With(options => options with { QueryOffset = offset });
        Contract.Holds(problem.With("logarithm", Method.Multipole)!, row => row < 3 || row >= queries - 3 || row % (queries / 20) == 0);
    }

    /// <summary>One head's coefficients vanish where the other's still count: its tree is lower.</summary>
    [Theory]
    [InlineData(2500)]
    [InlineData(20_000)]
    public void HeadsMayDifferInTheHeightOfTheirTrees(int n)
    {
        string[] names = ["gaussian", "logarithm", "power with a peak"];
        float[] bias = [.. names.SelectMany(name => Enumerable.Range(1 - n, (2 * n) - 1).Select(t => (float)StructuredPositions.Bias(name, t)))];
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(3, n, 6) { ValueDimension = 5 }, 5).By(Method.Multipole)
            .With(options => options with { Features = 10 });
        Contract.Holds(problem with { Bias = bias }, row => row < 3 || row >= n - 3 || row % (n / 10) == 0);
    }

    [Theory]
    [MemberData(nameof(Structures))]
    public void UnequalLengthsAndOffsets(Method method, string name, bool causal)
    {
        foreach (int keys in new[] { 40, 64, 65, 127, 200, 511 })
        {
            foreach (int queries in new[] { 1, 3, 31, 64, 193, 300 })
            {
                foreach (int offset in new[] { -70, 0, 5, 63, 200 })
                {
                    AttentionProblem problem = Small(queries, keys, causal);
                    if (causal) problem = problem.With(options => options with { QueryOffset = offset });
                    if (problem.With(name, method) is AttentionProblem structured) Contract.Holds(structured, row => row % 5 == 0 || row > queries - 4);
                    if (!causal) break;
                }
            }
        }
    }

    /// <summary>Keys masked at random, in the band, or everywhere near: rows see tails only.</summary>
    [Theory]
    [MemberData(nameof(Structures))]
    public void Masks(Method method, string name, bool causal)
    {
        const int n = 500;
        var numbers = new Numbers(17);
        bool[] random = [.. Enumerable.Range(0, n).Select(_ => numbers.Chance(0.5))];
        bool[] ends = [.. Enumerable.Range(0, n).Select(j => j < 60 || j >= n - 20)];
        bool[] none = new bool[n];
        foreach (bool[] mask in (bool[][])[random, ends, none])
            Contract.Holds(Small(n, n, causal).With(name, method)! with { KeyMask = mask }, row => row % 3 == 0);
        Contract.Holds(Small(n, n, causal).With(name, method)! with { Lengths = [150] }, row => row % 3 == 0);
    }

    /// <summary>Rows far from every kept key, in the middle and at the end: some chunks of rows are stored whole, others in part, and the rest of them is repaired.</summary>
    [Theory]
    [InlineData(Method.Band)]
    [InlineData(Method.Decay)]
    [InlineData(Method.Multipole)]
    public void RowsThatNoChunkCertifies(Method method)
    {
        const int n = 1300;
        bool[] mask = [.. Enumerable.Range(0, n).Select(j => j < 490 || (j >= 530 && j < 1240))];
        AttentionRun run = Contract.Holds(Small(n, n, false).WithBias(t => -0.5 * Math.Abs(t)).By(method) with { KeyMask = mask }, row => row % 7 == 0);
        Assert.InRange(run.Report.RepairedRows, 5, n / 10);
        Assert.Equal(0, run.Report.FallbackHeads);
    }

    /// <summary>A key that is e³⁰ times as loud as the others, first kept and then masked, wherever it stands.</summary>
    [Theory]
    [MemberData(nameof(Structures))]
    public void LoudKeys(Method method, string name, bool causal)
    {
        const int n = 400;
        foreach (int loud in new[] { 0, 63, 200, 399 })
        {
            AttentionProblem problem = Small(n, n, causal).With(options => options with { FeatureMap = FeatureMap.Sikf, Features = null }).With(name, method)!;
            for (int column = 0; column < problem.Shape.HeadDimension; column++) problem.Key[(loud * problem.Shape.HeadDimension) + column] = 30;
            bool[] mask = [.. Enumerable.Range(0, n).Select(j => j != loud)];
            Contract.Holds(problem, row => row % 5 == 0);
            Contract.Holds(problem with { KeyMask = mask }, row => row % 5 == 0);
        }
    }

    [Theory]
    [InlineData(FeatureMap.Prf)]
    [InlineData(FeatureMap.Trf)]
    [InlineData(FeatureMap.Elu)]
    [InlineData(FeatureMap.Relu)]
    public void EveryMapAndTolerance(FeatureMap map)
    {
        foreach (Method method in (Method[])[Method.Band, Method.Decay, Method.Multipole])
        {
            foreach (string name in StructuredPositions.Of(method))
            {
                foreach (float tolerance in new[] { 1e-6f, 1e-5f, 1e-3f, 0.1f })
                {
                    AttentionProblem problem = Small(400, 400, false).With(options => options with { FeatureMap = map, Features = map == FeatureMap.Elu ? null : 9, Tolerance = tolerance });
                    if (problem.With(name, method) is AttentionProblem structured) Contract.Holds(structured, row => row % 11 == 0);
                }
            }
        }
    }

    [Fact]
    public void HeadsMayDifferInTheirStructure()
    {
        var shape = new AttentionShape(4, 300, 12) { Batch = 2, KeyHeads = 2, ValueDimension = 20 };
        string[] names = ["alibi", "clipped", "steep alibi", "alibi right of a constant"];
        float[] bias = [.. names.SelectMany(name => Enumerable.Range(-299, 599).Select(t => (float)StructuredPositions.Bias(name, t)))];
        Contract.Holds(AttentionProblem.Normal(shape, 5).By(Method.Decay) with { Bias = bias });
    }

    [Fact]
    public void WhatHasNoStructureIsAnError()
    {
        AttentionProblem problem = Small(300, 300, true).WithNormalBias(0.5, 1);
        foreach (Method method in (Method[])[Method.Band, Method.Decay, Method.Multipole])
        {
            ArgumentException error = Assert.ThrowsAny<ArgumentException>(() => problem.By(method).Prepare());
            Assert.Contains(Words.Of(method), error.Message);
            Assert.Contains("exp(bias)", error.Message);
        }
    }

    private static AttentionProblem Small(int queries, int keys, bool causal)
    {
        var shape = new AttentionShape(1, queries, 6) { KeyLength = keys, ValueDimension = 5 };
        return AttentionProblem.Normal(shape, queries + (1000 * keys))
            .With(options => options with { Features = 7, Causal = causal, QueryOffset = causal && queries > keys ? 0 : null });
    }
}
