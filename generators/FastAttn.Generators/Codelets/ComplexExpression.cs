using System;

namespace FastAttn.Generators.Codelets;

/// <summary>A complex value as two real nodes.</summary>
internal readonly record struct ComplexExpression(Expression Re, Expression Im);

/// <summary>Complex arithmetic, spelled in real operations.</summary>
internal static class ComplexArithmetic
{
    public static ComplexExpression Add(this Simplifier graph, ComplexExpression a, ComplexExpression b) =>
        new(graph.Add(a.Re, b.Re), graph.Add(a.Im, b.Im));

    public static ComplexExpression Subtract(this Simplifier graph, ComplexExpression a, ComplexExpression b) =>
        new(graph.Subtract(a.Re, b.Re), graph.Subtract(a.Im, b.Im));

    public static ComplexExpression Multiply(this Simplifier graph, ComplexExpression a, ComplexExpression b) =>
        new(graph.Subtract(graph.Multiply(a.Re, b.Re), graph.Multiply(a.Im, b.Im)),
            graph.Add(graph.Multiply(a.Im, b.Re), graph.Multiply(a.Re, b.Im)));

    /// <summary>a·b̄.</summary>
    public static ComplexExpression MultiplyConjugate(this Simplifier graph, ComplexExpression a, ComplexExpression b) =>
        graph.Multiply(a, new ComplexExpression(b.Re, graph.Negate(b.Im)));

    public static ComplexExpression Scale(this Simplifier graph, double factor, ComplexExpression a) =>
        new(graph.Multiply(graph.Constant(factor), a.Re), graph.Multiply(graph.Constant(factor), a.Im));

    /// <summary>sign·i·a, for sign = ±1.</summary>
    public static ComplexExpression TimesI(this Simplifier graph, int sign, ComplexExpression a) =>
        sign > 0 ? new(graph.Negate(a.Im), a.Re) : new(a.Im, graph.Negate(a.Re));

    /// <summary>
    /// a·exp(2πi·numerator/denominator). Multiples of a quarter turn cost nothing and odd eighths cost four operations
    /// instead of six: their real and imaginary parts share one factor, which is taken out.
    /// </summary>
    public static ComplexExpression Rotate(this Simplifier graph, ComplexExpression a, int numerator, int denominator)
    {
        if (8L * numerator % denominator == 0)
        {
            var (factor, turned) = graph.TurnByEighths(a, numerator, denominator);
            return graph.Scale(factor, turned);
        }

        var angle = 2 * Math.PI * numerator / denominator;
        return graph.Multiply(a, new(graph.Constant(Math.Cos(angle)), graph.Constant(Math.Sin(angle))));
    }

    /// <summary>
    /// a·exp(2πi·numerator/denominator), less than a quarter turn either way, as a positive factor and a complex number: the
    /// larger of |cosine| and |sine| is taken out, and what is left takes two multiplications and two additions. Whoever adds
    /// two such numbers of one factor multiplies by it once. A root and its conjugate have the same factor to the last bit.
    /// </summary>
    public static (double Factor, ComplexExpression Value) Turn(this Simplifier graph, ComplexExpression a, int numerator, int denominator)
    {
        if (8L * numerator % denominator == 0) return graph.TurnByEighths(a, numerator, denominator);
        var angle = 2 * Math.PI * Math.Abs(numerator) / denominator;
        double cosine = Math.Cos(angle), sine = Math.Sin(angle);
        if (numerator < 0)
        {
            // The conjugate of what the conjugate number becomes.
            var (factor, value) = graph.Turn(new(a.Re, graph.Negate(a.Im)), -numerator, denominator);
            return (factor, new(value.Re, graph.Negate(value.Im)));
        }

        if (cosine > sine)
        {
            var tangent = graph.Constant(sine / cosine);
            return (cosine, new(
                graph.Subtract(a.Re, graph.Multiply(tangent, a.Im)), graph.Add(a.Im, graph.Multiply(tangent, a.Re))));
        }

        // A product is subtracted, never subtracted from: a·b − c is not one instruction everywhere.
        var cotangent = graph.Constant(cosine / sine);
        return (sine, new(
            graph.Negate(graph.Subtract(a.Im, graph.Multiply(cotangent, a.Re))), graph.Add(a.Re, graph.Multiply(cotangent, a.Im))));
    }

    /// <summary>The same for multiples of an eighth, whose factor is 1 or √½ and who multiply by nothing else.</summary>
    private static (double Factor, ComplexExpression Value) TurnByEighths(this Simplifier graph, ComplexExpression a, int numerator, int denominator)
    {
        var turn = (int)(((8L * numerator / denominator % 8) + 8) % 8);
        for (; turn >= 2; turn -= 2) a = graph.TimesI(1, a);
        return turn == 0 ? (1, a) : (Math.Sqrt(0.5), new(graph.Subtract(a.Re, a.Im), graph.Add(a.Re, a.Im)));
    }
}
