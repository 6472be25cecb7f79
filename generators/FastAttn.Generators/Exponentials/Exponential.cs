using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Exponentials;

/// <summary>
/// eˣ = 2ⁿ·e^r with n the whole number nearest to x/ln 2 and |r| ≤ ½ ln 2: a polynomial of degree 6 for e^r, then a scaling that
/// underflows gradually and overflows to +∞. NaN passes.
/// </summary>
internal static class Exponential
{
    /// <summary>Below this eˣ rounds to 0, above the other to +∞; beyond them n would leave the range of an exponent.</summary>
    public const double Lowest = -104, Highest = 89;

    private const double Log2E = 1.4426950408889634;

    /// <summary>ln 2 in two parts; n times the first, which has 9 bits, is exact, so that r loses nothing to cancellation.</summary>
    private const double Ln2High = 0.693359375, Ln2Low = -2.12194440054690581e-4;

    /// <summary>
    /// Minimax for the relative error on |r| ≤ ½ ln 2 with the first three coefficients held at those of the Taylor series (they
    /// are exact and make e⁰ exactly 1), the others rounded to float32 one after the other and the rest refitted: error 0.12·2⁻²⁴.
    /// </summary>
    private static readonly double[] s_coefficients =
        [1, 1, 0.5, 0.16666488349437714, 0.04166555404663086, 0.008372281678020954, 0.0014013396576046944];

    /// <summary>Adds the statements for e^argument and returns the local that holds it; <paramref name="name"/> starts every local.</summary>
    public static string Emit(Body body, string argument, string name)
    {
        string low = body.Declare(Operation.Max, name + "Low", body.Constant(Lowest), argument);
        string x = body.Declare(Operation.Min, name + "X", body.Constant(Highest), low);
        string t = body.Declare(Operation.Multiply, name + "T", x, body.Constant(Log2E));
        string n = body.Declare(Operation.Round, name + "N", t);
        string r = body.Declare(Operation.NegatedMultiplyAdd, name + "R", n, body.Constant(Ln2High), x);
        body.Assign(Operation.NegatedMultiplyAdd, r, n, body.Constant(Ln2Low), r);
        int degree = s_coefficients.Length - 1;
        string p = body.Declare(
            Operation.MultiplyAdd, name + "P", r, body.Constant(s_coefficients[degree]), body.Constant(s_coefficients[degree - 1]));
        for (int power = degree - 2; power >= 0; power--)
            body.Assign(Operation.MultiplyAdd, p, p, r, body.Constant(s_coefficients[power]));
        return body.Declare(Operation.ScaleByPowerOfTwo, name, p, n);
    }
}
