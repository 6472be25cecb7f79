using System.Runtime.InteropServices;
using FastAttn.Positions;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>Positions on a grid: every pair (Δy, Δx) has its own bias, by both methods, against the definition and by identities.</summary>
public sealed class GridTests
{
    public static TheoryData<Method> Methods => [Method.Direct, Method.Fft];

    public static TheoryData<int, int, Method> LargeGrids()
    {
        var rows = new TheoryData<int, int, Method>();
        foreach ((int height, int width) in new[] { (1, 300), (300, 1), (2, 150), (150, 2), (7, 37), (37, 7), (14, 14), (16, 16), (24, 24), (31, 33), (17, 64), (64, 17), (50, 70), (8, 130) })
        {
            rows.Add(height, width, Method.Direct);
            rows.Add(height, width, Method.Fft);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void EveryGridUpToTwelveByTwelve(Method method)
    {
        for (int height = 1; height <= 12; height++)
        {
            for (int width = 1; width <= 12; width++)
            {
                var numbers = new Numbers((100 * height) + width);
                Contract.Holds(AttentionProblem.OnGrid(height, width, (_, _) => numbers.Normal(), 7, heads: 2).By(method));
            }
        }
    }

    [Theory]
    [MemberData(nameof(LargeGrids))]
    public void LargerGrids(int height, int width, Method method)
    {
        var numbers = new Numbers(height + width);
        int step = Math.Max(height * width / 150, 1);
        AttentionProblem problem = AttentionProblem.OnGrid(height, width, (_, _) => numbers.Normal(), 3).By(method);
        Contract.Holds(problem.With(options => options with { Features = 20 }), i => i % step == 0);
    }

    /// <summary>Sixty thousand tokens on transforms longer than those that the error constant was found on.</summary>
    [Fact]
    public void AnImageOfTwoHundredByThreeHundred()
    {
        var numbers = new Numbers(23);
        AttentionProblem problem = AttentionProblem.OnGrid(200, 300, (_, _) => numbers.Normal(), 5).By(Method.Fft);
        AttentionRun run = Contract.Holds(problem.With(options => options with { Features = 8 }), i => i % 5003 == 0);
        Assert.True(run.Plan.FftLength > 65_536);
        Assert.Equal(0, run.Report.RepairedRows);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void OnePairOfOffsetsShiftsTheImage(Method method)
    {
        const int Height = 4, Width = 5;
        for (int dy = 1 - Height; dy < Height; dy++)
        {
            for (int dx = 1 - Width; dx < Width; dx++)
            {
                AttentionProblem problem = AttentionProblem.OnGrid(
                    Height, Width, (y, x) => (y, x) == (dy, dx) ? 0.5 : double.NegativeInfinity, 5).By(method);
                float[] output = problem.Run().Output;
                int columns = problem.Shape.ValueDimension;
                for (int y = 0; y < Height; y++)
                {
                    for (int x = 0; x < Width; x++)
                    {
                        bool inside = y + dy is >= 0 and < Height && x + dx is >= 0 and < Width;
                        for (int c = 0; c < columns; c++)
                        {
                            float expected = inside ? problem.Value[((((y + dy) * Width) + x + dx) * columns) + c] : 0;
                            Assert.Equal(expected, output[(((y * Width) + x) * columns) + c], 1e-5f * (1 + Math.Abs(expected)));
                        }
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void OneRowOrOneColumnIsASequence(Method method)
    {
        AttentionProblem row = AttentionProblem.OnGrid(1, 90, (_, x) => Math.Sin(x), 11).By(method);
        AttentionProblem column = AttentionProblem.OnGrid(90, 1, (y, _) => Math.Sin(y), 11).By(method);
        float[] sequence = (row with { Grid = null }).Run().Output;
        AssertSameBits(sequence, row.Run().Output);
        AssertSameBits(sequence, column.Run().Output);
    }

    /// <summary>With equal features and b = u(Δy) + v(Δx) the sums fall apart into sums over columns of sums over rows.</summary>
    [Theory]
    [MemberData(nameof(Methods))]
    public void ASeparableTableIsTwoSequences(Method method)
    {
        const int Height = 13, Width = 19;
        static double Vertical(int y) => 0.8 * Math.Cos(1 + y);
        static double Horizontal(int x) => 0.6 * Math.Sin(2 - (3 * x));
        AttentionProblem problem = AttentionProblem.OnGrid(Height, Width, (y, x) => Vertical(y) + Horizontal(x), 2).By(method);
        Array.Clear(problem.Query);
        Array.Clear(problem.Key);
        float[] output = problem.Run().Output;
        int columns = problem.Shape.ValueDimension;
        for (int y = 0; y < Height; y++)
        {
            double rows = Enumerable.Range(0, Height).Sum(k => Math.Exp(Vertical(k - y)));
            for (int x = 0; x < Width; x++)
            {
                double weights = rows * Enumerable.Range(0, Width).Sum(k => Math.Exp(Horizontal(k - x)));
                for (int c = 0; c < columns; c++)
                {
                    double sum = Enumerable.Range(0, Height).Sum(ky => Math.Exp(Vertical(ky - y)) * Enumerable.Range(0, Width).Sum(
                        kx => Math.Exp(Horizontal(kx - x)) * problem.Value[(((ky * Width) + kx) * columns) + c]));
                    Assert.Equal(sum / weights, output[(((y * Width) + x) * columns) + c], 1e-4);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void SteepTablesAndLongPaddingAreRepaired(Method method)
    {
        foreach (double slope in (double[])[0.05, 0.4, 3, 40])
        {
            AttentionProblem disc = AttentionProblem.OnGrid(12, 21, (y, x) => -slope * ((y * y) + (x * x)), 9).By(method);
            Contract.Holds(disc);
            Contract.Holds(disc with { Lengths = [70] });
            Contract.Holds(disc with { KeyMask = [.. Enumerable.Range(0, 252).Select(j => j % 21 > 17)] });
        }

    }

    /// <summary>Behind a loud bias at (0, 0) rows of dropped keys are quiet: a few are repaired, many send the head to the direct method.</summary>
    [Fact]
    public void TheCertificateFindsQuietRows()
    {
        AttentionProblem loud = AttentionProblem.OnGrid(12, 21, (y, x) => y == 0 && x == 0 ? 20 : -0.01 * (y + x), 9).By(Method.Fft);
        ForwardReport few = Contract.Holds(loud with { Lengths = [240] }).Report, many = Contract.Holds(loud with { Lengths = [150] }).Report;
        Assert.InRange(few.RepairedRows, 12, 25);
        Assert.Equal(0, few.FallbackHeads);
        Assert.Equal(1, many.FallbackHeads);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void NonFiniteNumbersReachWhatDependsOnThem(Method method)
    {
        AttentionProblem problem = AttentionProblem.OnGrid(6, 9, (y, x) => (y + x) % 3 == 0 || x < -4 ? double.NegativeInfinity : 0.2 * x, 4).By(method);
        problem.Query[(13 * 4) + 1] = float.NaN;
        problem.Key[(20 * 4) + 2] = float.PositiveInfinity;
        problem.Value[(31 * 5) + 3] = float.NaN;
        Contract.Holds(problem);
        Contract.Holds(problem with { KeyMask = [.. Enumerable.Range(0, 54).Select(j => j is not (20 or 31))] });
    }

    [Fact]
    public void ThreadsChangeNoBit()
    {
        var numbers = new Numbers(8);
        foreach (Method method in new[] { Method.Direct, Method.Fft })
        {
            AttentionProblem problem = AttentionProblem.OnGrid(23, 18, (_, _) => numbers.Normal(), 6, heads: 3).By(method);
            float[] alone = problem.With(options => options with { Threads = 1 }).Run().Output;
            AssertSameBits(alone, problem.With(options => options with { Threads = 3 }).Run().Output);
        }
    }

    [Fact]
    public void PlacesOfTokensCountThemAndNameEveryPairOnce()
    {
        for (int height = 2; height <= 6; height++)
        {
            for (int width = 2; width <= 6; width++)
            {
                TokenLayout layout = TokenLayout.Grid(height, width);
                int count = height * width, last = layout.Place(count - 1);
                var pairs = new Dictionary<int, (int, int)>();
                for (int i = 0; i < count; i++)
                {
                    Assert.Equal(((i / width) + 1) * width, layout.RowEnd(i));
                    for (int j = 0; j < count; j++)
                    {
                        (int, int) pair = ((j / width) - (i / width), (j % width) - (i % width));
                        int offset = layout.Place(j) - layout.Place(i);
                        Assert.True(pairs.TryAdd(offset, pair) || pairs[offset] == pair);
                        Assert.True(layout.MostPlaces(Math.Abs(j - i) + 1) > Math.Abs(offset));
                    }
                }

                Assert.Equal((2 * last) + 1, pairs.Count);
                for (int place = -2; place <= last + 1; place++)
                    Assert.Equal(Enumerable.Range(0, count).Count(token => layout.Place(token) < place), layout.TokensBefore(place));
            }
        }
    }

    [Fact]
    public void ThePlannerCountsPlacesForFftAndPairsForDirect()
    {
        AttentionProblem whole = Within(20), near = Within(2), nearer = Within(1);
        using KernelizedAttention plan = whole.Prepare();
        Assert.True(plan.Plan.FftLength >= (19 * 59) + 30, $"{plan.Plan.FftLength}");
        Assert.False(plan.Plan.Candidates.Single(candidate => candidate.Method == Method.Linear).Admissible);

        // What surrounds the method costs the same in all three, so differences are of pairs alone.
        Assert.Equal((Pairs(whole) - Pairs(near)) / (Pairs(whole) - Pairs(nearer)), (Direct(whole) - Direct(near)) / (Direct(whole) - Direct(nearer)), 1e-9);

        static AttentionProblem Within(int rows) => AttentionProblem.OnGrid(20, 30, (y, _) => Math.Abs(y) <= rows ? 0 : double.NegativeInfinity, 1);

        static double Pairs(AttentionProblem problem) =>
            (from i in Enumerable.Range(0, 600) from j in Enumerable.Range(0, 600) select problem.IsVisible(0, 0, i, j)).Count(visible => visible);

        static double Direct(AttentionProblem problem)
        {
            using KernelizedAttention attention = problem.Prepare();
            return attention.Plan.Candidates.Single(candidate => candidate.Method == Method.Direct).SecondsPerHead;
        }
    }

    private static void AssertSameBits(float[] expected, float[] actual) =>
        Assert.True(MemoryMarshal.AsBytes(expected.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(actual.AsSpan())));
}
