using FastAttn.Positions;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Positions;

/// <summary>Exponentials that a position states become tails as they stand: none is searched for, none is missed.</summary>
public sealed class StatedTailsTests
{
    private const int Length = 2000;

    private static readonly TailAllowance Allowance = new(1e-4f, false);

    [Theory]
    [InlineData(1e-4f)]
    [InlineData(1e-6f)]
    [InlineData(1e-9f)]
    public void AlibiOfAnySlopeIsExponentialFromItsOrigin(float tolerance)
    {
        float slope = 0.013f;
        CoefficientTails tails = Decaying(RelativePosition.Alibi([slope]), new PositionExtent(Length, Length, 0, Length - 1), new TailAllowance(tolerance, false));
        Assert.Equal((0, 1), (tails.Left.Edge, tails.Right.Edge));
        Assert.Equal(new TailTerm(1, Math.Exp(-(double)slope)), Assert.Single(tails.Left.Terms));
        Assert.Equal(Math.Exp(-(double)slope), Assert.Single(tails.Right.Terms).Ratio);
    }

    [Fact]
    public void TermsThatLastAreStates()
    {
        CoefficientTails tails = Decaying(RelativePosition.Exponentials([1, 0.5f, 0.1f], [1 / 8f, 1 / 64f, 1 / 1024f]), new PositionExtent(Length, Length, 0, Length - 1), Allowance);
        Assert.Equal(3, tails.Left.Terms.Length);
        Assert.Equal(3, tails.Right.Terms.Length);
        Assert.Equal(0, tails.BandLength);
    }

    /// <summary>e^(−2t) is below 1.25e-5 of 0.1 · e^(−t/1024) from t = 7 on.</summary>
    [Fact]
    public void SteepTermsStayInTheBand()
    {
        CoefficientTails tails = Decaying(RelativePosition.Exponentials([1, 0.1f], [2, 1 / 1024f]), new PositionExtent(Length, Length, 0, Length - 1), Allowance);
        Assert.Equal((-7, 7), (tails.Left.Edge, tails.Right.Edge));
        Assert.Equal(Math.Exp(-1 / 1024.0), Assert.Single(tails.Left.Terms).Ratio);
    }

    [Fact]
    public void ATermWithoutARateIsAConstant()
    {
        CoefficientTails tails = Decaying(RelativePosition.Exponentials([1, 0.1f], [1 / 16f, 0]), new PositionExtent(Length, Length, 0, Length - 1), Allowance);
        Assert.Contains(tails.Left.Terms, term => term.Ratio == 1);
        Assert.Contains(tails.Right.Terms, term => term.Ratio == 1);
    }

    [Fact]
    public void SteepAlibiIsNeglectedWhereThatIsCheaper()
    {
        CoefficientTails tails = Decaying(RelativePosition.Alibi([0.5f]), new PositionExtent(Length, Length, 0, Length - 1), Allowance);
        Assert.True(tails.Left.IsZero && tails.Right.IsZero);
    }

    /// <summary>A million tokens before all keys only one side is there, and it is one exponential all the same.</summary>
    [Fact]
    public void AnOriginBeyondAllOffsetsLeavesOneTail()
    {
        CoefficientTails tails = Decaying(RelativePosition.Alibi([0.01f]), new PositionExtent(Length, Length, 1_000_000, Length - 1), Allowance);
        Assert.Equal((Length - 1, Length), (tails.Left.Edge, tails.Right.Edge));
        Assert.Equal(1, Assert.Single(tails.Left.Terms).Weight, 1e-9);
    }

    /// <summary>The errors a tail states are those of its numbers, wherever the origin is, however causality cuts.</summary>
    [Property]
    public unsafe void StatedErrorsHold(int seed)
    {
        var numbers = new Numbers(seed);
        int queries = numbers.Between(1, 700), keys = numbers.Between(1, 700), terms = numbers.Between(1, 4);
        float[] weights = [.. Enumerable.Range(0, terms).Select(_ => (float)Math.Exp(3 * numbers.Normal()))];
        float[] rates = [.. Enumerable.Range(0, terms).Select(_ => (float)(numbers.Pick(0, 1e-6, 1e-3, 0.02, 0.3, 4) * numbers.Uniform()))];
        int origin = numbers.Pick(0, 5, -40, 300, -5000, 100_000);
        bool causal = numbers.Chance(0.5);
        var allowance = new TailAllowance(numbers.Pick(1e-3f, 1e-4f, 1e-6f), numbers.Chance(0.3));
        HeadPosition position = RelativePosition.Exponentials(weights, rates).Prepare(new PositionExtent(queries, keys, origin, causal ? Math.Clamp(origin, -queries, keys - 1) : keys - 1)).Head(0);
        CoefficientTails tails = TailSearch.Decaying(position, allowance);
        Assert.True(tails.Left.Edge < tails.Right.Edge);
        Assert.Equal((tails.Left.Length, tails.Right.Length), (tails.Left.Edge - position.FirstOffset + 1, position.LastOffset - tails.Right.Edge + 1));
        Assert.InRange(tails.RelativeError, 0, allowance.Relative);
        for (int t = position.FirstOffset; t <= position.LastOffset; t++)
        {
            Tail? tail = t <= tails.Left.Edge ? tails.Left : t >= tails.Right.Edge ? tails.Right : null;
            if (tail is null) continue;
            double c = position.Coefficients[t], model = tail.Terms.Sum(term => term.Weight * Math.Pow(term.Ratio, Math.Abs(t - tail.Edge)));
            Assert.InRange(Math.Abs(c - model), 0, (tail.RelativeError * c) + tail.AbsoluteError + (1e-12 * c));
        }
    }

    private static CoefficientTails Decaying(RelativePosition position, PositionExtent extent, TailAllowance allowance) => TailSearch.Decaying(position.Prepare(extent).Head(0), allowance);
}
