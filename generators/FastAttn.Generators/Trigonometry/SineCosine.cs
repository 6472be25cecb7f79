using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Trigonometry;

/// <summary>
/// sin 2πx and cos 2πx of an angle x in turns, of any size: whole turns, halves and quarters come off without rounding, down to
/// e ≤ ⅛ with one polynomial for sin 2πe and one for cos 2πe. Both are odd multiples of ⅛ apart from x, so that either may be either.
/// Within 2 ulp. NaN passes, and infinities become NaN.
/// </summary>
internal static class SineCosine
{
    /// <summary>2π in two parts.</summary>
    private const double TurnHigh = 6.2831854820251465, TurnLow = -1.7484556025237907e-07;

    /// <summary>
    /// sin 2πe = 2πe + e³·(…e²): minimax for the relative error on e ≤ ⅛, coefficients rounded to float32 one after the other and the
    /// rest refitted: error 0.07·2⁻²⁴.
    /// </summary>
    private static readonly double[] s_sine = [-41.341670989990234, 81.59342956542969, -75.42752075195312];

    /// <summary>cos 2πe = 1 + e²·(…e²), likewise: error 0.01·2⁻²⁴.</summary>
    private static readonly double[] s_cosine = [-19.739208221435547, 64.93914794921875, -85.42450714111328, 58.61936950683594];

    /// <summary>Adds the statements for both and returns the locals that hold them; <paramref name="name"/> starts every local.</summary>
    public static (string Sine, string Cosine) Emit(Body body, string turns, string name)
    {
        string whole = body.Declare(Operation.Round, name + "Whole", turns);
        string part = body.Declare(Operation.Subtract, name + "Part", turns, whole);
        string size = body.Declare(Operation.Absolute, name + "Size", part);

        // The distances from the nearest zero of the sine and of the cosine.
        string rest = body.Declare(Operation.Subtract, name + "Rest", body.Constant(0.5), size);
        string fromSine = body.Declare(Operation.Min, name + "FromSine", rest, size);
        string toCosine = body.Declare(Operation.Subtract, name + "ToCosine", body.Constant(0.25), size);
        string fromCosine = body.Declare(Operation.Absolute, name + "FromCosine", toCosine);
        string isSwapped = body.Declare(Operation.Greater, name + "IsSwapped", fromSine, fromCosine);
        string near = body.Declare(Operation.Min, name + "Near", fromCosine, fromSine);

        string square = body.Declare(Operation.Multiply, name + "Square", near, near);
        string small = body.Declare(Operation.MultiplyAdd, name + "Small", square, body.Constant(s_sine[2]), body.Constant(s_sine[1]));
        string large = body.Declare(Operation.MultiplyAdd, name + "Large", square, body.Constant(s_cosine[3]), body.Constant(s_cosine[2]));
        body.Assign(Operation.MultiplyAdd, small, small, square, body.Constant(s_sine[0]));
        body.Assign(Operation.MultiplyAdd, large, large, square, body.Constant(s_cosine[1]));
        body.Assign(Operation.MultiplyAdd, small, small, square, body.Constant(TurnLow));
        body.Assign(Operation.MultiplyAdd, large, large, square, body.Constant(s_cosine[0]));
        body.Assign(Operation.Multiply, small, small, near);
        body.Assign(Operation.MultiplyAdd, large, large, square, body.Constant(1));
        body.Assign(Operation.MultiplyAdd, small, near, body.Constant(TurnHigh), small);

        string sine = body.Declare(Operation.Select, name + "Sine", isSwapped, large, small);
        string cosine = body.Declare(Operation.Select, name + "Cosine", isSwapped, small, large);
        body.Assign(Operation.CopySign, sine, sine, part);
        body.Assign(Operation.CopySign, cosine, cosine, toCosine);
        return (sine, cosine);
    }
}
