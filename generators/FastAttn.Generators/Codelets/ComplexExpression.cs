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
        var eighths = 8L * numerator;
        if (eighths % denominator == 0)
        {
            var turn = (int)(((eighths / denominator % 8) + 8) % 8);
            for (; turn >= 2; turn -= 2) a = graph.TimesI(1, a);
            return turn == 0
                ? a
                : graph.Scale(Math.Sqrt(0.5), new(graph.Subtract(a.Re, a.Im), graph.Add(a.Re, a.Im)));
        }

        var angle = 2 * Math.PI * numerator / denominator;
        return graph.Multiply(a, new(graph.Constant(Math.Cos(angle)), graph.Constant(Math.Sin(angle))));
    }
}
