using FastAttn.Methods;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>Lines with a few tokens more than the Fourier method's transform has places.</summary>
public sealed class SurplusTokensTests
{
    /// <summary>Row sums without one of a thousand keys would be off by far more; a transform's own rounding stays below.</summary>
    private const double Tolerance = 1e-5;

    public static TheoryData<int, bool> Lengths() => Combinations.Of<int, bool>([128, 192, 256, 320, 512], [false, true]);

    [Theory]
    [MemberData(nameof(Lengths))]
    public void EveryLengthAroundATransform(int length, bool causal)
    {
        int shorter = 0;
        for (int n = length - 2; n <= length + SurplusTokens.Most + 2; n++)
        {
            AttentionProblem problem = Problem(n, n, causal);
            AttentionRun run = problem.Run();
            Contract.HoldsFor(problem, run, row => row < 3 || row > length - 20 || row % 31 == 0, Tolerance);
            // Under causality the first rows' own sums are small beside those of whole columns.
            Assert.InRange(run.Report.RepairedRows, 0, causal ? 32 : 0);
            Assert.Equal(0, run.Report.FallbackHeads);
            if (n <= length || n > length + SurplusTokens.Most || run.Plan.FftLength >= n) continue;
            shorter++;
            Assert.Equal(length, run.Plan.FftLength);
        }

        // The next length is nearer than that after 128.
        Assert.InRange(shorter, (SurplusTokens.Most / 2) - 1, SurplusTokens.Most);
    }

    [Theory]
    [InlineData(513, 40)]
    [InlineData(575, 512)]
    [InlineData(576, 500)]
    [InlineData(40, 513)]
    [InlineData(512, 570)]
    [InlineData(530, 576)]
    [InlineData(576, 529)]
    public void QueriesAndKeysOfTheirOwnNumber(int queries, int keys)
    {
        foreach (bool causal in (bool[])[false, true])
        {
            if (causal && queries > keys) continue;
            AttentionProblem problem = Problem(queries, keys, causal);
            AttentionRun run = problem.Run();
            Assert.InRange(run.Plan.FftLength, 512, Math.Max(queries, keys) - 1);
            Contract.HoldsFor(problem, run, row => row < 3 || row > queries - 80 || row % 31 == 0, Tolerance);
        }
    }

    [Fact]
    public void ManyKeysBeforeTheSurplus()
    {
        // More keys than surplus queries add up in one part, and rows of several tiles.
        AttentionProblem problem = Problem(3120, 3120, causal: false);
        AttentionRun run = problem.Run();
        Assert.Equal(3072, run.Plan.FftLength);
        Contract.HoldsFor(problem, run, row => row > 3050 || row % 199 == 0, Tolerance);
    }

    [Fact]
    public void ThreadsDoNotChangeABit()
    {
        AttentionProblem problem = Problem(2100, 2100, causal: false);
        float[] one = problem.With(options => options with { Threads = 1 }).Run().Output;
        foreach (int threads in (int[])[2, 3, 5]) Assert.Equal(one, problem.With(options => options with { Threads = threads }).Run().Output);
    }

    [Fact]
    public void ThePlanCountsThem()
    {
        // A block more or less of keys is nothing beside the next transform.
        ExecutionPlan at = Plan(4096), beyond = Plan(4097), last = Plan(4160), next = Plan(4161);
        Assert.Equal((4096, 4096, 4096, 5120), (at.FftLength, beyond.FftLength, last.FftLength, next.FftLength));
        double[] seconds = [.. new[] { at, beyond, last, next }.Select(plan => plan.Candidates.Single(candidate => candidate.Method == Method.Fft).SecondsPerHead)];
        Assert.Equal(seconds.Order(), seconds);
        Assert.InRange(seconds[2] / seconds[0], 1.01, 1.2);
        Assert.Contains("last 64 tokens", last.Explain(), StringComparison.Ordinal);

        static ExecutionPlan Plan(int n) => ExecutionPlan.Create(new AttentionShape(1, n, 64));
    }

    [Fact]
    public void OnlyWholeBlocksStayBeyond()
    {
        Assert.False(SurplusTokens.CanStayBeyond(160, 161));
        Assert.False(SurplusTokens.CanStayBeyond(0, 5));
        Assert.False(SurplusTokens.CanStayBeyond(192, 192));
        Assert.True(SurplusTokens.CanStayBeyond(192, 193));
        Assert.True(SurplusTokens.CanStayBeyond(192, 256));
        Assert.False(SurplusTokens.CanStayBeyond(192, 257));
    }

    private static AttentionProblem Problem(int queries, int keys, bool causal) =>
        AttentionProblem.Normal(new AttentionShape(1, queries, 4) { KeyLength = keys, ValueDimension = 64 }, seed: queries + keys)
            .WithNormalBias(0.5, seed: 1)
            .With(options => options with { Method = Method.Fft, Features = 63, Causal = causal });
}
