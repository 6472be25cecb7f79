using System.Numerics;
using FastAttn.Fft;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Fft;

/// <summary>The float64 transform that tables and spectra come from.</summary>
public class Transform64Tests
{
    [Fact]
    public void Every_length_is_the_definition()
    {
        foreach (int n in (int[])[1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 20, 24, 25, 30, 32, 48, 60, 64, 80, 96, 128, 320])
        {
            var numbers = new Numbers(n);
            Complex[] x = [.. Enumerable.Range(0, n).Select(_ => new Complex(numbers.Normal(), numbers.Normal()))];
            Complex[] came = Transform64.Forward(x);
            for (int k = 0; k < n; k++)
            {
                Complex expected = x.Select((value, t) => value * Transform64.Root((long)t * k % n, n)).Aggregate(Complex.Add);
                Assert.InRange(Complex.Abs(expected - came[k]), 0, 1e-14 * n);
            }
        }
    }

    [Fact]
    public void A_length_with_another_prime_factor_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Transform64.Forward(new Complex[28]));
}
