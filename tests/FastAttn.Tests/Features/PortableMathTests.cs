using FastAttn.Features;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Features;

/// <summary>The logarithm, sine and cosine that random numbers are made with, against the system's.</summary>
public sealed class PortableMathTests
{
    [Fact]
    public void LogarithmIsWithinTwoUlp()
    {
        var numbers = new Numbers(1);
        for (int i = 0; i < 20_000; i++)
        {
            double x = i < 1000 ? (i + 1) / 1000.0 : Math.Pow(2, -53 * numbers.Uniform());
            double exact = Math.Log(x);
            Assert.InRange(PortableMath.Log(x), exact - (2 * Ulp(exact)), exact + (2 * Ulp(exact)));
        }
    }

    [Fact]
    public void SineAndCosineAreWithinTwoUlpOfOne()
    {
        for (int i = 0; i <= 20_000; i++)
        {
            (double sine, double cosine) = PortableMath.SinCosTurns(i / 20_000.0);
            (double exactSine, double exactCosine) = Math.SinCos(2 * Math.PI * (i / 20_000.0));
            Assert.Equal(exactSine, sine, 1e-15);
            Assert.Equal(exactCosine, cosine, 1e-15);
        }
    }

    private static double Ulp(double x) => Math.BitIncrement(Math.Abs(x)) - Math.Abs(x);
}
