using System.Runtime.InteropServices;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>Equal inputs give equal bits: whatever the threads, whoever else uses the plan, however often it runs.</summary>
public sealed class DeterminismTests
{
    public static TheoryData<Method, bool> MethodsAndCausality() =>
        Combinations.Of<Method, bool>([Method.Direct, Method.Fft, Method.Linear, Method.Band, Method.Decay, Method.Multipole], [false, true]);

    [Theory]
    [MemberData(nameof(MethodsAndCausality))]
    public void ThreadsChangeNoBit(Method method, bool causal)
    {
        AttentionProblem problem = Problem(method, causal);
        float[] alone = problem.With(options => options with { Threads = 1 }).Run().Output;
        foreach (int threads in new[] { 2, 3, 7 })
        {
            AssertSameBits(alone, problem.With(options => options with { Threads = threads }).Run().Output);
        }
    }

    [Theory]
    [MemberData(nameof(MethodsAndCausality))]
    public void ThreadsThatShareOneHeadChangeNoBit(Method method, bool causal)
    {
        // Too few tokens have no tails; chunks of tails are a thousand tokens; beyond 16,384 multipole sums keys twice.
        int[] lengths = method switch
        {
            Method.Multipole => [257, 3000, 18_000],
            Method.Band or Method.Decay => [257, 3000],
            _ => [1, 2, 63, 257, 1000],
        };
        foreach (int length in lengths)
        {
            AttentionProblem problem = OneHead(method, causal, length);
            AttentionRun alone = problem.With(options => options with { Threads = 1 }).Run();
            for (int threads = 2; threads <= 5; threads++)
            {
                AttentionRun run = problem.With(options => options with { Threads = threads }).Run();
                AssertSameBits(alone.Output, run.Output);
                Assert.Equal(alone.Report, run.Report);
            }
        }
    }

    [Theory]
    [InlineData(Method.Fft, FeatureMap.Prf)]
    [InlineData(Method.Direct, FeatureMap.Prf)]
    [InlineData(Method.Direct, FeatureMap.Trf)]
    [InlineData(Method.Band, FeatureMap.Prf)]
    [InlineData(Method.Decay, FeatureMap.Trf)]
    [InlineData(Method.Multipole, FeatureMap.Prf)]
    public void ThreadsThatShareOneHeadChangeNoBitWhereRowsAreRepaired(Method method, FeatureMap map)
    {
        // Keys far from most queries under a steep decay, loud features, and one query and one value that are not finite.
        AttentionProblem problem = OneHead(method, causal: false, 700).With(options => options with { FeatureMap = map, Normalize = false });
        problem = problem.WithBias(t => -0.5 * Math.Abs(t)) with { KeyMask = [.. Enumerable.Range(0, 700).Select(j => j < 150)] };
        problem.Query[5] = float.NaN;
        problem.Value[problem.Shape.ValueDimension * 40] = float.PositiveInfinity;
        AttentionRun alone = problem.With(options => options with { Threads = 1 }).Run();
        Assert.True(alone.Report.RepairedRows > 0, $"{alone.Report}");
        for (int threads = 2; threads <= 5; threads++)
        {
            AttentionRun run = problem.With(options => options with { Threads = threads }).Run();
            AssertSameBits(alone.Output, run.Output);
            Assert.Equal(alone.Report, run.Report);
        }
    }

    [Fact]
    public void ThreadsChangeNoBitWhereRowsAreRepaired()
    {
        AttentionProblem problem = Problem(Method.Fft, true);
        AttentionRun alone = problem.With(options => options with { Threads = 1 }).Run();
        Assert.True(alone.Report.RepairedRows > 0, $"{alone.Report}");
        foreach (int threads in new[] { 2, 3, 7 })
        {
            AttentionRun run = problem.With(options => options with { Threads = threads }).Run();
            AssertSameBits(alone.Output, run.Output);
            Assert.Equal(alone.Report, run.Report);
        }
    }

    [Theory]
    [MemberData(nameof(MethodsAndCausality))]
    public void EightThreadsShareOnePlan(Method method, bool causal)
    {
        AttentionProblem problem = Problem(method, causal);
        using KernelizedAttention attention = problem.Prepare();
        float[] alone = problem.Run(attention).Output;
        var outputs = new float[8][];
        Thread[] threads = [.. Enumerable.Range(0, outputs.Length).Select(index => new Thread(() =>
        {
            for (int repetition = 0; repetition < 3; repetition++) outputs[index] = problem.Run(attention).Output;
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        foreach (float[] output in outputs) AssertSameBits(alone, output);
    }

    [Theory]
    [MemberData(nameof(MethodsAndCausality))]
    public void HeadsAndBatchesDoNotTouchEachOther(Method method, bool causal)
    {
        AttentionProblem all = Problem(method, causal);
        AttentionShape s = all.Shape;
        float[] together = all.Run().Output;
        AttentionShape one = s with { Batch = 1, Heads = 1, KeyHeads = 1 };
        int queries = s.QueryLength * s.HeadDimension, keys = s.KeyLength * s.HeadDimension, values = s.KeyLength * s.ValueDimension;
        for (int head = 0; head < s.Batch * s.Heads; head++)
        {
            int keyHead = (head / s.Heads * s.KeyHeads) + (head % s.Heads / (s.Heads / s.KeyHeads));
            AttentionProblem alone = all with
            {
                Shape = one,
                Query = all.Query[(head * queries)..((head + 1) * queries)],
                Key = all.Key[(keyHead * keys)..((keyHead + 1) * keys)],
                Value = all.Value[(keyHead * values)..((keyHead + 1) * values)],
                Bias = all.Bias is null || all.BiasHeads == 1 ? all.Bias : all.Bias[(head % s.Heads * all.Offsets)..((head % s.Heads * all.Offsets) + all.Offsets)],
            };
            int size = s.QueryLength * s.ValueDimension;
            AssertSameBits(together.AsSpan(head * size, size).ToArray(), alone.Run().Output);
        }
    }

    private static AttentionProblem OneHead(Method method, bool causal, int length)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, length, 20) { ValueDimension = 37 }, 1)
            .With(options => options with { Features = 30, Causal = causal, Method = method });
        return Biased(problem);
    }

    private static AttentionProblem Problem(Method method, bool causal)
    {
        var shape = new AttentionShape(4, 390, 20) { Batch = 2, KeyHeads = 2, ValueDimension = 37 };
        AttentionProblem problem = AttentionProblem.Normal(shape, 1)
            .With(options => options with { Features = 30, Causal = causal, Method = method });
        return Biased(problem);
    }

    private static AttentionProblem Biased(AttentionProblem problem) => problem.Options.Method switch
    {
        Method.Linear => problem,
        Method.Band => problem.WithBias(t => StructuredPositions.Bias("clipped", t)),
        Method.Multipole => problem.WithBias(t => StructuredPositions.Bias("power", t)),
        Method.Decay => problem.WithBias(t => StructuredPositions.Bias("alibi with a peak", t)),
        _ => problem.WithNormalBias(0.5, 2, perHead: true),
    };

    private static void AssertSameBits(float[] expected, float[] actual) =>
        Assert.True(
            MemoryMarshal.AsBytes<float>(expected).SequenceEqual(MemoryMarshal.AsBytes<float>(actual)),
            $"first difference at {expected.Zip(actual).TakeWhile(pair => pair.First.Equals(pair.Second)).Count()}");
}
