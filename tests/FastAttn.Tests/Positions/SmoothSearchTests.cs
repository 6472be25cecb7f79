using FastAttn.Positions;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Positions;

/// <summary>Smooth tails are found from the numbers with a rank that suffices; noise, holes and single outliers are seen.</summary>
public sealed class SmoothSearchTests
{
    private const int Length = 3000;

    private static readonly TailAllowance Allowance = new(1e-4f, false);

    [Theory]
    [InlineData(1.5, 0.1)]
    [InlineData(0.5, 1)]
    [InlineData(3, 0.01)]
    public void KerpleIsSmooth(double exponent, double scale)
    {
        SmoothTails smooth = Find(t => -exponent * Math.Log(1 + (scale * Math.Abs(t))))!;
        Assert.Equal(0, smooth.Center);
        Assert.InRange(smooth.Ranks.Max(), 4, 10);
    }

    [Fact]
    public void GaussiansAndExponentialsAreSmooth()
    {
        Assert.InRange(Find(t => -1e-6 * t * t)!.Ranks.Max(), 4, 10);
        Assert.InRange(Find(t => -1e-5 * t * t)!.Ranks.Max(), 4, 14);
        Assert.InRange(Find(t => -Math.Abs(t) / 512.0)!.Ranks.Max(), 4, 10);
    }

    [Fact]
    public void ATighterToleranceTakesAHigherRank()
    {
        int[] ranks = [.. new[] { 1e-2f, 1e-4f, 1e-5f }.Select(tolerance => Find(t => -1.5 * Math.Log(1 + (0.1 * Math.Abs(t))), new TailAllowance(tolerance, false))!.Ranks.Max())];
        Assert.True(ranks[0] < ranks[1] && ranks[1] < ranks[2], string.Join(' ', ranks));
    }

    [Fact]
    public void AnythingMayStandNearTheCentre()
    {
        float[] near = new Numbers(2).Normals(101);
        Assert.NotNull(Find(t => Math.Abs(t) <= 50 ? near[t + 50] : -Math.Log(1 + (0.1 * Math.Abs(t)))));
    }

    [Fact]
    public void NoiseIsNotSmooth()
    {
        float[] noise = new Numbers(1).Normals((2 * Length) - 1, 0.5);
        Assert.Null(Find(t => noise[t + Length - 1]));
        foreach (double size in (double[])[1e-2, 20 * Allowance.Relative])
            Assert.Null(Find(t => (-0.5 * Math.Log(1 + (0.1 * Math.Abs(t)))) + (size * noise[t + Length - 1])));
    }

    /// <summary>One coefficient out of line, wherever it is in the far field.</summary>
    [Theory]
    [InlineData(-2990)]
    [InlineData(-1537)]
    [InlineData(-777)]
    [InlineData(-130)]
    [InlineData(129)]
    [InlineData(450)]
    [InlineData(2047)]
    [InlineData(2048)]
    [InlineData(2999)]
    public void ASingleOutlierIsSeen(int place) =>
        Assert.Null(Find(t => (-0.5 * Math.Log(1 + (0.1 * Math.Abs(t)))) + (t == place ? 0.01 : 0)));

    [Fact]
    public void EdgesAndHolesAreSeen()
    {
        Assert.Null(Find(t => t is > 900 or < -1900 ? double.NegativeInfinity : 0));
        Assert.Equal(900, Find(t => t > 900 ? double.NegativeInfinity : 0)!.Center);
        Assert.Null(Find(t => t < -1900 ? double.NegativeInfinity : -0.001 * Math.Abs(t)));
        Assert.Null(Find(t => t % 50 == 0 ? double.NegativeInfinity : 0));
    }

    [Fact]
    public void CausalPositionsNeedBeSmoothOnTheLeftOnly() => Assert.NotNull(Find(t => -0.1 * Math.Sqrt(Math.Abs(t)), Allowance, largestOffset: 0));

    [Fact]
    public void ShortSequencesHaveNoFarField() =>
        Assert.Null(new PreparedPosition(RelativePosition.Dense(new float[199], 100, 100), new PositionExtent(100, 100, 0, 99)).Structure(0, Allowance).Smooth);

    private static SmoothTails? Find(Func<int, double> b, TailAllowance? allowance = null, int largestOffset = Length - 1)
    {
        float[] bias = [.. Enumerable.Range(1 - Length, (2 * Length) - 1).Select(t => (float)b(t))];
        return new PreparedPosition(RelativePosition.Dense(bias, Length, Length), new PositionExtent(Length, Length, 0, largestOffset)).Structure(0, allowance ?? Allowance).Smooth;
    }
}
