namespace FastAttn.Features;

/// <summary>
/// Logarithm, sine and cosine from additions, multiplications and divisions alone, which IEEE 754 rounds alike everywhere:
/// a system's own functions differ in the last bit, and the same seed must give the same bytes on every machine.
/// </summary>
internal static class PortableMath
{
    private const double Ln2High = 6.93147180369123816490e-01, Ln2Low = 1.90821492927058770002e-10;

    /// <summary>Natural logarithm of a positive normal number, to about 1 ulp.</summary>
    public static double Log(double x)
    {
        long bits = BitConverter.DoubleToInt64Bits(x);
        int exponent = (int)(bits >> 52) - 1023;
        double mantissa = BitConverter.Int64BitsToDouble((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000);
        if (mantissa > 1.4142135623730951)
        {
            mantissa *= 0.5;
            exponent++;
        }

        // ln m = 2 artanh s with s = (m − 1)/(m + 1), |s| ≤ 0.1716: the series' 12th term is below 2⁻⁶⁰.
        double s = (mantissa - 1) / (mantissa + 1), square = s * s, sum = 0;
        for (int odd = 23; odd >= 3; odd -= 2) sum = (sum + (1.0 / odd)) * square;
        return (exponent * Ln2High) + ((exponent * Ln2Low) + (2 * s * (1 + sum)));
    }

    /// <summary>Sine and cosine of <paramref name="turns"/> full turns, 0 ≤ turns ≤ 1.</summary>
    public static (double Sine, double Cosine) SinCosTurns(double turns)
    {
        // The nearest quarter turn is taken off exactly; what is left is at most an eighth of a turn.
        int quarter = (int)((turns * 4) + 0.5);
        double angle = (turns - (quarter * 0.25)) * (2 * Math.PI), square = angle * angle;
        double sine = 0, cosine = 0;
        for (int k = 10; k >= 1; k--)
        {
            sine = (1 + sine) * (-square / ((2 * k) * ((2 * k) + 1)));
            cosine = (1 + cosine) * (-square / ((2 * k) * ((2 * k) - 1)));
        }

        sine = angle * (1 + sine);
        cosine = 1 + cosine;
        return (quarter & 3) switch
        {
            0 => (sine, cosine),
            1 => (cosine, -sine),
            2 => (-sine, -cosine),
            _ => (-cosine, sine),
        };
    }
}
