using System.Numerics;

namespace FastAttn.Fft;

/// <summary>
/// A float64 discrete Fourier transform of any length without large prime factors: the exact side of the tables, run once a plan.
/// </summary>
internal static class Transform64
{
    /// <summary>X_k = Σ_t x_t exp(−2πi·tk/n), in natural order; O(n·log n) for lengths 2^a·3^b·5^c.</summary>
    public static Complex[] Forward(Complex[] x)
    {
        int n = x.Length;
        var roots = new Complex[n];
        for (int k = 0; k < n; k++) roots[k] = Root(k, n);
        var result = new Complex[n];
        Forward(x, 0, 1, result, roots);
        return result;
    }

    /// <summary>exp(−2πi·k/n).</summary>
    public static Complex Root(long k, long n)
    {
        (double sin, double cos) = Math.SinCos(2 * Math.PI * k / n);
        return new Complex(cos, -sin);
    }

    /// <summary>Decimation in time: the transform of x[offset], x[offset + stride] …</summary>
    private static void Forward(Complex[] x, int offset, int stride, Span<Complex> result, Complex[] roots)
    {
        int n = result.Length;
        if (n == 1)
        {
            result[0] = x[offset];
            return;
        }

        int radix = n % 4 == 0 ? 4 : SmallestFactor(n);
        int length = n / radix;
        for (int leg = 0; leg < radix; leg++)
            Forward(x, offset + (leg * stride), stride * radix, result.Slice(leg * length, length), roots);

        Span<Complex> legs = stackalloc Complex[Math.Min(radix, 16)];
        for (int k = 0; k < length; k++)
        {
            for (int leg = 0; leg < radix; leg++) legs[leg] = result[(leg * length) + k] * roots[leg * k * stride];
            if (radix == 4)
            {
                Complex sum = legs[0] + legs[2], difference = legs[0] - legs[2], sum1 = legs[1] + legs[3];
                Complex turned = new(legs[1].Imaginary - legs[3].Imaginary, legs[3].Real - legs[1].Real);
                result[k] = sum + sum1;
                result[k + length] = difference + turned;
                result[k + (2 * length)] = sum - sum1;
                result[k + (3 * length)] = difference - turned;
                continue;
            }

            for (int row = 0; row < radix; row++)
            {
                Complex value = legs[0];
                for (int leg = 1; leg < radix; leg++) value += legs[leg] * roots[leg * row % radix * length * stride];
                result[k + (row * length)] = value;
            }
        }
    }

    private static int SmallestFactor(int n)
    {
        foreach (int factor in (ReadOnlySpan<int>)[2, 3, 5])
            if (n % factor == 0) return factor;
        throw new ArgumentOutOfRangeException(nameof(n), Invariant($"length {n}; expected only the prime factors 2, 3 and 5"));
    }
}
