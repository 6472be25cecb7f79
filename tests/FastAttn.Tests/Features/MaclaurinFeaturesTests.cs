using System.Runtime.InteropServices;
using System.Security.Cryptography;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Features;

/// <summary>Draws of Maclaurin features: the same bytes everywhere, degrees as often as they should be, and an unbiased kernel of known variance.</summary>
public sealed class MaclaurinFeaturesTests
{
    public static TheoryData<SchoenbatKernel, int> KernelsAndForms() => Combinations.Of<SchoenbatKernel, int>(Enum.GetValues<SchoenbatKernel>(), [-1, 0, 1, 2]);

    /// <summary>Hashes of degrees, as little-endian int32, and signs, computed apart from this library in another language.</summary>
    [Theory]
    [InlineData(101, 0ul, 0, false, "89ecb6acb8d093988cfd0d6c66f0faa9eba1162dd5d76e352ed7ec1067aefd0f")]
    [InlineData(100, 7ul, 0, true, "c22b35c6af50437b0ba1a4a4a28079ddf6c3d5699359582da3bfd14c03b4ce69")]
    [InlineData(100, 0xFEDCBA9876543210ul, 1, false, "81004493fd0e16836bf55d33bfff6f296a35f8ab8805600a07e30ba097562760")]
    public void SameSeedSameBytesOnEveryMachine(int features, ulong seed, int exactDegrees, bool literal, string sha256)
    {
        MaclaurinFeatures draw = MaclaurinFeatures.Create(features, 48, seed: seed, exactDegrees: exactDegrees, literal: literal);
        byte[] bytes = [.. MemoryMarshal.AsBytes(draw.Degrees), .. MemoryMarshal.AsBytes(draw.Signs)];
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    /// <summary>The vectors the documentation gives.</summary>
    [Fact]
    public void DocumentedVectors()
    {
        MaclaurinFeatures draw = MaclaurinFeatures.Create(13, 4);
        Assert.Equal([1, 1, 6, 1, 1, 2, 2, 1], draw.Degrees[..8].ToArray());
        Assert.Equal([-1, -1, -1, -1, 1, -1, 1, -1, -1, 1, 1, 1], draw.Signs[..12].ToArray());
    }

    /// <summary>Degree N of R features is binomial: within ten deviations, and none outside the range drawn.</summary>
    [Theory]
    [InlineData(0, false, 1)]
    [InlineData(1, false, 2)]
    [InlineData(2, false, 3)]
    [InlineData(0, true, 0)]
    public void EveryDegreeComesAsOftenAsItShould(int exactDegrees, bool literal, int first)
    {
        MaclaurinFeatures draw = MaclaurinFeatures.Create(4096, 3, exactDegrees: exactDegrees, literal: literal);
        int[] degrees = draw.Degrees.ToArray();
        Assert.All(degrees, degree => Assert.InRange(degree, first, 20));
        for (int n = first; n <= 20; n++)
        {
            double probability = MaclaurinReference.Probability(first, n), expected = degrees.Length * probability;
            Assert.Equal(expected, degrees.Count(degree => degree == n), 10 * Math.Sqrt(expected * (1 - probability)));
        }

        int sum = 0;
        foreach (sbyte sign in draw.Signs) sum += sign;
        Assert.Equal(0, sum, 10 * Math.Sqrt(draw.Signs.Length));
    }

    /// <summary>
    /// The mean over many draws is the series up to degree 20 within ten deviations, by Chebyshev wrong once in a hundred seeds at most;
    /// the variance is known exactly. Sums over keys are what numerators and denominators are.
    /// </summary>
    [Theory]
    [MemberData(nameof(KernelsAndForms))]
    public void NumeratorAndDenominatorAreUnbiased(SchoenbatKernel kernel, int exactDegrees)
    {
        const int Dimension = 6, Keys = 5, Draws = 2000, Random = 8;
        bool literal = exactDegrees < 0;
        var numbers = new Numbers(11 + exactDegrees);
        double[] x = Unit(numbers, Dimension), ones = [.. Enumerable.Repeat(1.0, Keys)], values = [.. Enumerable.Range(0, Keys).Select(_ => numbers.Normal())];
        double[][] y = [.. Enumerable.Range(0, Keys).Select(_ => Unit(numbers, Dimension))];
        foreach (double[] s in new[] { ones, values })
        {
            double mean = 0;
            for (int seed = 0; seed < Draws; seed++)
            {
                int exact = literal ? 0 : new[] { 1, 1 + Dimension, 1 + Dimension + (Dimension * (Dimension + 1) / 2) }[exactDegrees];
                MaclaurinFeatures draw = MaclaurinFeatures.Create(exact + Random, Dimension, kernel, (ulong)seed, Math.Max(exactDegrees, 0), literal);
                double[] query = MaclaurinReference.Features(draw, x);
                mean += y.Zip(s, (key, weight) => weight * MaclaurinReference.Dot(query, MaclaurinReference.Features(draw, key))).Sum() / Draws;
            }

            double expected = y.Zip(s, (key, weight) => weight * MaclaurinReference.Series(kernel, MaclaurinReference.Dot(x, key))).Sum();
            double variance = MaclaurinReference.Variance(kernel, literal ? 0 : exactDegrees + 1, Random, x, y, s);
            Assert.Equal(expected, mean, 10 * Math.Sqrt(variance / Draws));
        }
    }

    /// <summary>Degree 20 is enough for what preSBN lets through at d ≥ 9, |t| ≤ 1/√d: the rest of the slowest series is t²¹/(1 − t).</summary>
    [Fact]
    public void TheSeriesIsTheKernel()
    {
        const double Rounding = 21 * 2.3e-16;
        foreach (SchoenbatKernel kernel in Enum.GetValues<SchoenbatKernel>())
        {
            for (double t = -1 / 3.0; t <= 1 / 3.0; t += 0.01)
                Assert.Equal(MaclaurinReference.Kernel(kernel, t), MaclaurinReference.Series(kernel, t), (Math.Pow(Math.Abs(t), 21) / (1 - t)) + Rounding);
        }
    }

    [Fact]
    public void EveryExactDegreeTakesVarianceAway()
    {
        var numbers = new Numbers(3);
        double[] x = Unit(numbers, 32), y = Unit(numbers, 32);
        foreach (SchoenbatKernel kernel in Enum.GetValues<SchoenbatKernel>())
        {
            double[] variances = [.. Enumerable.Range(1, 3).Select(first => MaclaurinReference.Variance(kernel, first, 100, x, [y], [1]))];
            Assert.True(variances[1] < variances[0] / 4 && variances[2] < variances[1] / 4, string.Join(' ', variances));
        }
    }

    [Property]
    public void MoreFeaturesKeepTheFirstOnes(ulong seed, byte size)
    {
        MaclaurinFeatures few = MaclaurinFeatures.Create(2 + size, 7, seed: seed), many = MaclaurinFeatures.Create(300, 7, seed: seed);
        Assert.Equal(few.Degrees.ToArray(), many.Degrees[..few.Degrees.Length].ToArray());
        Assert.Equal(few.Signs.ToArray(), many.Signs[..few.Signs.Length].ToArray());
    }

    [Fact]
    public void SeedsDiffer() =>
        Assert.NotEqual(MaclaurinFeatures.Create(50, 8, seed: 1).Signs.ToArray(), MaclaurinFeatures.Create(50, 8, seed: 1ul << 32).Signs.ToArray());

    [Property]
    public void ADrawIsReadBackAndRestored(ulong seed, byte form)
    {
        bool literal = form % 4 == 3;
        int exactDegrees = literal ? 0 : form % 4;
        MaclaurinFeatures drawn = MaclaurinFeatures.Create(40, 5, SchoenbatKernel.Sqrt, seed, exactDegrees, literal);
        MaclaurinFeatures restored = MaclaurinFeatures.FromValues(drawn.Degrees, drawn.Signs, 5, SchoenbatKernel.Sqrt, exactDegrees, literal);
        Assert.Equal(drawn.Degrees.ToArray(), restored.Degrees.ToArray());
        Assert.Equal(drawn.Signs.ToArray(), restored.Signs.ToArray());
        Assert.Equal((drawn.Features, 5, SchoenbatKernel.Sqrt), (restored.Features, restored.Dimension, restored.Kernel));
        Assert.Equal((drawn.ExactFeatures, exactDegrees, literal), (restored.ExactFeatures, restored.ExactDegrees, restored.IsLiteral));
    }

    /// <summary>A row as preSBN leaves it: no mean, length d^(−1/4).</summary>
    private static double[] Unit(Numbers numbers, int dimension)
    {
        double[] x = [.. Enumerable.Range(0, dimension).Select(_ => numbers.Normal())];
        double mean = x.Average(), norm = Math.Sqrt(x.Sum(value => (value - mean) * (value - mean)));
        return [.. x.Select(value => (value - mean) / norm * Math.Pow(dimension, -0.25))];
    }
}
