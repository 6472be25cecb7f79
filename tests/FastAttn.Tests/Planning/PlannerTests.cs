using FastAttn.Planning;

namespace FastAttn.Tests.Planning;

/// <summary>The planner: one answer as data and as text, the cheapest admissible method, or the one that was forced.</summary>
public sealed class PlannerTests
{
    public static TheoryData<int, int, bool, bool> Sizes()
    {
        var rows = new TheoryData<int, int, bool, bool>();
        foreach (int length in new[] { 1, 100, 511, 512, 2048, 16_384, 1_000_000 })
        {
            foreach (int features in new[] { 1, 64, 256 })
            {
                foreach (bool causal in new[] { false, true })
                {
                    foreach (bool hasPosition in new[] { false, true }) rows.Add(length, features, causal, hasPosition);
                }
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void TheCheapestAdmissibleMethodIsTaken(int length, int features, bool causal, bool hasPosition)
    {
        ExecutionPlan plan = ExecutionPlan.Create(
            new AttentionShape(8, length, 64), new KernelizedAttentionOptions { Features = features, Causal = causal }, hasPosition);
        MethodCandidate chosen = plan.Candidates.Single(candidate => candidate.Method == plan.Method);
        Assert.True(chosen.Admissible);
        Assert.Equal(
            Enum.GetValues<Method>().Where(method => method != Method.Auto),
            plan.Candidates.Select(candidate => candidate.Method).Order());
        Assert.NotEmpty(plan.Reason);
        Assert.Equal(features, plan.Features);
        Assert.All(plan.Candidates, candidate => Assert.NotEmpty(candidate.Reason));
        Assert.All(plan.Candidates, candidate => Assert.Equal(candidate.Admissible, double.IsFinite(candidate.SecondsPerHead)));
        Assert.Equal(plan.Candidates.Where(candidate => candidate.Admissible).MinBy(candidate => candidate.SecondsPerHead)!.Method, plan.Method);
    }

    /// <summary>Nothing of the size of the sequence is made for a plan without positions.</summary>
    [Fact]
    public void TheLongestSequencesArePlannedInLittleMemory()
    {
        long before = Environment.WorkingSet;
        ExecutionPlan plan = ExecutionPlan.Create(new AttentionShape(1, 1 << 28, 64), hasPosition: false);
        Assert.All(plan.Candidates.Where(candidate => candidate.Admissible), candidate => Assert.True(candidate.WorkspaceBytes > 1L << 30));

        // Coefficients of such a line would be 2 GiB.
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 3L << 29);
    }

    [Fact]
    public void EveryMethodHasOneDescriptor() =>
        Assert.Equal(Enum.GetValues<Method>().Where(method => method != Method.Auto), KnownMethods.All.Select(descriptor => descriptor.Method).Order());

    [Fact]
    public void LongSequencesWithPositionsGoByFft()
    {
        Assert.Equal(Method.Fft, ExecutionPlan.Create(new AttentionShape(1, 16_384, 64)).Method);
        Assert.Equal(Method.Fft, ExecutionPlan.Create(new AttentionShape(1, 65_536, 64), new() { Causal = true }).Method);
    }

    [Fact]
    public void SequencesWithoutPositionsAreLinear()
    {
        Assert.Equal(Method.Linear, ExecutionPlan.Create(new AttentionShape(1, 16_384, 64), hasPosition: false).Method);
        Assert.False(ExecutionPlan.Create(new AttentionShape(1, 100, 64)).Candidates.Single(c => c.Method == Method.Linear).Admissible);
    }

    [Theory]
    [InlineData(Method.Direct, true)]
    [InlineData(Method.Fft, true)]
    [InlineData(Method.Direct, false)]
    [InlineData(Method.Linear, false)]
    public void AForcedMethodIsTaken(Method method, bool hasPosition)
    {
        ExecutionPlan plan = ExecutionPlan.Create(new AttentionShape(1, 3000, 64), new() { Method = method }, hasPosition);
        Assert.Equal(method, plan.Method);
        Assert.Contains("forced", plan.Reason, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void AForcedMethodThatCannotComputeThisIsAnError()
    {
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(
            () => ExecutionPlan.Create(new AttentionShape(1, 3000, 64), new() { Method = Method.Linear }, hasPosition: true));
        Assert.Contains("linear", error.Message);
        RelativePosition position = RelativePosition.Dense(new float[199], 100, 100);
        Assert.ThrowsAny<ArgumentException>(() => new KernelizedAttention(new AttentionShape(1, 100, 8), new() { Method = Method.Linear }, position));
    }

    [Theory]
    [InlineData(FeatureMap.Prf, 64)]
    [InlineData(FeatureMap.Trf, 128)]
    [InlineData(FeatureMap.Relu, 64)]
    [InlineData(FeatureMap.Elu, 48)]
    [InlineData(FeatureMap.Sikf, 48)]
    [InlineData(FeatureMap.Dpfp, 96)]
    public void FeaturesThatComeOut(FeatureMap map, int features) =>
        Assert.Equal(features, ExecutionPlan.Create(new AttentionShape(1, 100, 48), new() { FeatureMap = map }).Features);

    [Theory]
    [InlineData(10, 10)]
    [InlineData(1000, 1000)]
    [InlineData(5000, 5000)]
    [InlineData(100, 7000)]
    [InlineData(7000, 100)]
    public void TheFourierLengthHoldsTheHalves(int queries, int keys)
    {
        int length = ExecutionPlan.Create(new AttentionShape(1, queries, 64) { KeyLength = keys }).FftLength;
        Assert.InRange(length, Math.Max(queries, keys) - 64, 2 * Math.Max(queries, keys));
        int odd = length >> System.Numerics.BitOperations.TrailingZeroCount(length);
        Assert.Contains(odd, new[] { 1, 3, 5 });
        if (queries == 5000) Assert.True(length < 8192, $"5000 must not pay for {length}");
    }

    [Fact]
    public void ExplainSaysWhatTheDataSays()
    {
        ExecutionPlan plan = ExecutionPlan.Create(new AttentionShape(8, 4096, 64));
        string text = plan.Explain();
        Assert.Contains(Words.Of(plan.Method), text);
        Assert.Contains(Words.Of(plan.Tier), text);
        Assert.Contains(plan.Reason, text);
        foreach (MethodCandidate candidate in plan.Candidates) Assert.Contains(Words.Of(candidate.Method), text);
    }

    [Fact]
    public void ThreadsDoNotChangeTheMethod()
    {
        foreach (int length in new[] { 600, 2000, 3000, 4000, 5000, 9000 })
        {
            Assert.Single(new[] { 1, 2, 64 }.Select(threads => ExecutionPlan.Create(new AttentionShape(8, length, 64), new() { Threads = threads }).Method).Distinct());
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void MemoryOfEveryMethodStaysWithinItsBound(int length, int features, bool causal, bool hasPosition)
    {
        ExecutionPlan plan = ExecutionPlan.Create(
            new AttentionShape(8, length, 64), new KernelizedAttentionOptions { Features = features, Causal = causal }, hasPosition);
        Assert.All(plan.Candidates.Where(candidate => candidate.Admissible), candidate =>
            Assert.InRange(candidate.WorkspaceBytes, 1, Bound(Math.Max(length, plan.FftLength), plan.Features, 64)));
    }

    [Theory]
    [InlineData(1, 64, 64)]
    [InlineData(500, 64, 64)]
    [InlineData(1024, 1, 64)]
    [InlineData(1024, 64, 64)]
    [InlineData(4096, 256, 32)]
    [InlineData(5000, 64, 80)]
    [InlineData(16_384, 64, 64)]
    [InlineData(16_384, 33, 129)]
    [InlineData(100_000, 64, 64)]
    public void MeasuredMemoryStaysWithinItsBound(int length, int features, int valueDimension)
    {
        var shape = new AttentionShape(8, length, 64) { ValueDimension = valueDimension };
        foreach (Method method in new[] { Method.Direct, Method.Fft, Method.Linear })
        {
            RelativePosition? position = method == Method.Linear ? null : RelativePosition.Dense(new float[(2 * length) - 1], length, length);
            using var attention = new KernelizedAttention(shape, new() { Features = features, Method = method }, position);
            int rows = method == Method.Fft ? attention.Plan.FftLength : length;
            Assert.InRange(attention.WorkspaceBytes, 1, Bound(rows, attention.Plan.Features, valueDimension));
            Assert.Equal(attention.WorkspaceBytes, attention.Plan.Candidates.Single(candidate => candidate.Method == method).WorkspaceBytes);
            ExecutionPlan unseen = ExecutionPlan.Create(shape, new() { Features = features, Method = method }, hasPosition: method != Method.Linear);
            Assert.Equal(attention.WorkspaceBytes, unseen.Candidates.Single(candidate => candidate.Method == method).WorkspaceBytes);
        }
    }

    /// <summary>What a head in flight may use: 4·N·(5m + 3d_v + 96) bytes and 8 MiB.</summary>
    private static long Bound(long rows, int features, int valueDimension) =>
        (4 * rows * ((5L * features) + (3L * valueDimension) + 96)) + (8 << 20);
}
