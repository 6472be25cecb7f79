using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Exponentials;

/// <summary>
/// 2ˣ⁻ʰ for scores in units of one binary logarithm, h ≥ 0 a whole number: n the whole number nearest to x, a polynomial of degree
/// 6 for 2^(x−n), and n − h added to its exponent. Within 2 ulp; below 2⁻¹²⁶ only within 2⁻¹²⁶, and exactly 0 for −∞. NaN passes.
/// </summary>
internal static class PowerOfTwo
{
    /// <summary>1.5·2²³ − h: a sum with it has n − h in its low bits.</summary>
    public const string RoundingMagic = "12582912f";

    /// <summary>h − 127: there the sum of exponents is that of zero.</summary>
    public const string Lowest = "-127f";

    /// <summary>
    /// Minimax for the relative error on |r| ≤ ½ with 2⁰ = 1, coefficients rounded to float32 one after the other and the rest
    /// refitted: error 0.05·2⁻²⁴.
    /// </summary>
    private static readonly double[] s_coefficients =
    [
        1, 0.6931471824645996, 0.24022647738456726, 0.05550359934568405, 0.009618505835533142, 0.0013390806270763278,
        0.0001532646274426952,
    ];

    /// <summary>
    /// Adds the statements for 2^argument and returns the local that holds it; <paramref name="magic"/> and <paramref name="lowest"/>
    /// name vectors, <paramref name="name"/> starts every local.
    /// </summary>
    public static string Emit(Body body, string argument, string magic, string lowest, string name)
    {
        string x = body.Declare(Operation.Max, name + "X", lowest, argument);
        string shifted = body.Declare(Operation.Add, name + "Shifted", x, magic);
        string n = body.Declare(Operation.Subtract, name + "N", shifted, magic);
        string r = body.Declare(Operation.Subtract, name + "R", x, n);
        int degree = s_coefficients.Length - 1;
        string p = body.Declare(
            Operation.MultiplyAdd, name + "P", r, body.Constant(s_coefficients[degree]), body.Constant(s_coefficients[degree - 1]));
        for (int power = degree - 2; power >= 1; power--)
            body.Assign(Operation.MultiplyAdd, p, p, r, body.Constant(s_coefficients[power]));
        string q = body.Declare(Operation.MultiplyAdd, name + "Q", p, r, body.Constant(s_coefficients[0]));
        return body.Declare(Operation.AddExponent, name, q, shifted);
    }
}
