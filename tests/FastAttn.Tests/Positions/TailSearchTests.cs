using FastAttn.Positions;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Positions;

/// <summary>Tails are found from the numbers, where they begin, with the errors they have; what is no tail is not found.</summary>
public sealed class TailSearchTests
{
    private const int Length = 2000;

    private static readonly TailAllowance Allowance = new(1e-4f, false);

    public static TheoryData<int> Reaches => [0, 1, 5, 63, 64, 91, 128, 500];

    [Theory]
    [MemberData(nameof(Reaches))]
    public void ClippedTablesAreConstantFromWhereTheyAreClipped(int reach)
    {
        float[] near = new Numbers(reach).Normals((2 * reach) + 1);
        CoefficientTails tails = Flat(t => near[Math.Clamp(t, -reach, reach) + reach]);
        (Tail left, Tail right) = (tails.Left, tails.Right);
        if (reach == 0)
        {
            Assert.Equal((2 * Length) - 1, left.Length);
            return;
        }

        Assert.Equal((-reach, reach), (left.Edge, right.Edge));
        Assert.True(left.IsConstant && right.IsConstant);
        Assert.Equal((0.0, 0.0), (tails.RelativeError, tails.AbsoluteError));
    }

    [Fact]
    public void TheBucketsOfT5AreFoundInADenseTable()
    {
        float[] buckets = new Numbers(3).Normals(64);
        CoefficientTails tails = Flat(t =>
        {
            int distance = Math.Abs(t), bucket = distance < 16 ? distance : Math.Min(31, 16 + (int)(Math.Log(distance / 16.0) / Math.Log(8) * 16));
            return buckets[bucket + (t > 0 ? 32 : 0)];
        });

        // The last bucket begins at 16·8^(15/16) = 112.4.
        Assert.Equal((-113, 113), (tails.Left.Edge, tails.Right.Edge));
    }

    [Theory]
    [InlineData(0.125)]
    [InlineData(0.0625)]
    [InlineData(1.0 / 256)]
    public void AlibiIsExponentialFromTheDiagonal(double slope)
    {
        CoefficientTails tails = Decaying(t => -slope * Math.Abs(t));
        Assert.Equal((0, 1), (tails.Left.Edge, tails.Right.Edge));
        foreach (Tail tail in (Tail[])[tails.Left, tails.Right])
        {
            Assert.Equal(Math.Exp(-slope), Assert.Single(tail.Terms).Ratio, 1e-6 * slope);
            Assert.InRange(tail.RelativeError, 0, Allowance.Relative);
        }
    }

    [Fact]
    public void SteepAlibiIsNegligibleEarly()
    {
        CoefficientTails tails = Flat(t => -0.5 * Math.Abs(t));

        // Sum of c is 4.08 over 3999 offsets: e^(−t/2) ≤ 1e-4 · 4.08 / (16 · 3999) from t = 38 on.
        Assert.Equal((-38, 38), (tails.Left.Edge, tails.Right.Edge));
        Assert.True(tails.Left.IsZero && tails.Right.IsZero);
        Assert.InRange(tails.AbsoluteError, 1e-10, 6.4e-9);
    }

    [Fact]
    public void LearnedNoiseHasNoTail()
    {
        float[] noise = new Numbers(1).Normals((2 * Length) - 1, 0.5);
        CoefficientTails flat = Flat(t => noise[t + Length - 1]), decaying = Decaying(t => noise[t + Length - 1]);
        Assert.Equal((2 * Length) - 1, flat.BandLength);
        Assert.Equal((2 * Length) - 1, decaying.BandLength);
    }

    [Fact]
    public void OneOutlierFarOutEndsATail()
    {
        CoefficientTails tails = Flat(t => t == -1500 ? 0.01 : t < -50 ? 0 : -1);
        Assert.Equal(-1501, tails.Left.Edge);

        // The outlier of an exponential, beside one at −800 that ends it again.
        CoefficientTails decaying = Decaying(t => (-0.001 * Math.Abs(t)) + (t is -1500 or -800 ? 0.01 : 0));
        Assert.Equal(-1501, decaying.Left.Edge);
        Assert.Equal(0, decaying.Right.Edge);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1000)]
    public void NoiseBeyondTheAllowanceIsNoTail(double times)
    {
        var numbers = new Numbers(5);
        double[] noise = [.. Enumerable.Range(0, (2 * Length) - 1).Select(_ => times * Allowance.Relative * ((2 * numbers.Uniform()) - 1))];
        Assert.InRange(Flat(t => noise[t + Length - 1]).BandLength, (2 * Length) - 20, 2 * Length);
        Assert.InRange(Decaying(t => noise[t + Length - 1] - (0.001 * Math.Abs(t))).BandLength, Length, 2 * Length);
    }

    [Fact]
    public void NoiseWithinTheAllowanceIsATail()
    {
        var numbers = new Numbers(6);
        double[] noise = [.. Enumerable.Range(0, (2 * Length) - 1).Select(_ => 0.5 * Allowance.Relative * ((2 * numbers.Uniform()) - 1))];
        CoefficientTails tails = Flat(t => noise[t + Length - 1] + (t > 10 ? 1 : 0));
        Assert.Equal((10, 11), (tails.Left.Edge, tails.Right.Edge));
        Assert.InRange(tails.RelativeError, 0.1 * Allowance.Relative, Allowance.Relative);
    }

    [Fact]
    public void CausalPositionsHaveNothingOnTheRight()
    {
        CoefficientTails tails = Flat(t => Math.Max(t, -20) * 0.1, largestOffset: 0);
        Assert.Equal((-20, 1), (tails.Left.Edge, tails.Right.Edge));
        Assert.True(tails.Right.IsZero && tails.Right.AbsoluteError == 0);
    }

    [Fact]
    public void RemovedPairsStayInTheBand()
    {
        CoefficientTails tails = Flat(t => t is -7 or 9 ? double.NegativeInfinity : 0);
        Assert.Equal((-8, 10), (tails.Left.Edge, tails.Right.Edge));
        Assert.True(Flat(t => Math.Abs(t) > 30 ? double.NegativeInfinity : 0) is { Left: { IsZero: true, Edge: -31 }, Right: { IsZero: true, Edge: 31 } });
    }

    /// <summary>The errors a tail states are those of its numbers.</summary>
    [Property]
    public unsafe void StatedErrorsHold(int seed)
    {
        var numbers = new Numbers(seed & 0xFFFF);
        double slope = numbers.Pick(0, 0.3, 0.01, 1e-4), wobble = numbers.Pick(0, 1e-6, 3e-6, 1e-5), floor = numbers.Pick(0, 1e-9, 1e-3);
        int keys = numbers.Between(1, 700), queries = numbers.Between(1, 700);
        float[] bias = [.. Enumerable.Range(1 - queries, queries + keys - 1).Select(t => (float)(Math.Log(Math.Exp(-slope * Math.Abs(t)) + floor) + (wobble * numbers.Normal())))];
        HeadPosition position = new PreparedPosition(RelativePosition.Dense(bias, queries, keys), new PositionExtent(queries, keys, 0, keys - 1)).Head(0);
        foreach (CoefficientTails tails in (CoefficientTails[])[TailSearch.Flat(position, Allowance), TailSearch.Decaying(position, Allowance)])
        {
            Assert.InRange(tails.RelativeError, 0, Allowance.Relative);
            for (int t = position.FirstOffset; t <= position.LastOffset; t++)
            {
                Tail? tail = t <= tails.Left.Edge ? tails.Left : t >= tails.Right.Edge ? tails.Right : null;
                if (tail is null) continue;
                double c = position.Coefficients[t], model = tail.Terms.Sum(term => term.Weight * Math.Pow(term.Ratio, Math.Abs(t - tail.Edge)));
                Assert.InRange(Math.Abs(c - model), 0, (tail.RelativeError * c) + tail.AbsoluteError + (1e-12 * c));
            }
        }
    }

    private static CoefficientTails Flat(Func<int, double> b, int largestOffset = Length - 1) => TailSearch.Flat(Position(b, largestOffset), Allowance);

    private static CoefficientTails Decaying(Func<int, double> b) => TailSearch.Decaying(Position(b, Length - 1), Allowance);

    private static HeadPosition Position(Func<int, double> b, int largestOffset)
    {
        float[] bias = [.. Enumerable.Range(1 - Length, (2 * Length) - 1).Select(t => (float)b(t))];
        return new PreparedPosition(RelativePosition.Dense(bias, Length, Length), new PositionExtent(Length, Length, 0, largestOffset)).Head(0);
    }
}
