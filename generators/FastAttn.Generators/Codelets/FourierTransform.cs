using System;
using System.Linq;

namespace FastAttn.Generators.Codelets;

/// <summary>
/// Pass: the discrete Fourier transform as an expression, X_k = Σ_t x_t exp(sign·2πi·tk/n), in natural order both ways.
/// </summary>
/// <remarks>
/// Powers of two go by the conjugate-pair split radix (Yavne 1968; Kamar and Elcherif 1989), which needs one root of unity
/// where the ordinary one needs two and costs the same 4n·lg n − 6n + 8 real operations. Lengths 3·2^a and 5·2^a go by the
/// prime factor algorithm (Good 1958), which needs no roots between its factors.
/// </remarks>
internal static class FourierTransform
{
    public static ComplexExpression[] Transform(Simplifier graph, ComplexExpression[] x, int sign)
    {
        var n = x.Length;
        return n switch
        {
            1 => x,
            2 => [graph.Add(x[0], x[1]), graph.Subtract(x[0], x[1])],
            3 => ThreePoint(graph, x, sign),
            5 => FivePoint(graph, x, sign),
            _ when n % 3 == 0 => PrimeFactor(graph, x, sign, 3, n / 3),
            _ when n % 5 == 0 => PrimeFactor(graph, x, sign, 5, n / 5),
            _ => SplitRadix(graph, x, sign),
        };
    }

    private static ComplexExpression[] SplitRadix(Simplifier graph, ComplexExpression[] x, int sign)
    {
        var n = x.Length;
        var quarter = n / 4;
        var even = Transform(graph, Pick(n / 2, t => x[2 * t]), sign);
        var ahead = Transform(graph, Pick(quarter, t => x[(4 * t) + 1]), sign);
        var behind = Transform(graph, Pick(quarter, t => x[((4 * t) + n - 1) % n]), sign);
        var result = new ComplexExpression[n];
        for (var k = 0; k < quarter; k++)
        {
            var (factor, a) = graph.Turn(ahead[k], sign * k, n);
            var (_, b) = graph.Turn(behind[k], -sign * k, n);
            var sum = graph.Scale(factor, graph.Add(a, b));
            var turned = graph.TimesI(sign, graph.Scale(factor, graph.Subtract(a, b)));
            result[k] = graph.Add(even[k], sum);
            result[k + (2 * quarter)] = graph.Subtract(even[k], sum);
            result[k + quarter] = graph.Add(even[k + quarter], turned);
            result[k + (3 * quarter)] = graph.Subtract(even[k + quarter], turned);
        }

        return result;
    }

    /// <summary>12 additions and 4 multiplications.</summary>
    private static ComplexExpression[] ThreePoint(Simplifier graph, ComplexExpression[] x, int sign)
    {
        var sum = graph.Add(x[1], x[2]);
        var middle = graph.Subtract(x[0], graph.Scale(0.5, sum));
        var turned = graph.TimesI(sign, graph.Scale(Math.Sqrt(0.75), graph.Subtract(x[1], x[2])));
        return [graph.Add(x[0], sum), graph.Add(middle, turned), graph.Subtract(middle, turned)];
    }

    /// <summary>32 additions and 12 multiplications.</summary>
    private static ComplexExpression[] FivePoint(Simplifier graph, ComplexExpression[] x, int sign)
    {
        var sin72 = Math.Sin(2 * Math.PI / 5);
        var sin36 = Math.Sin(Math.PI / 5);
        var outer = graph.Add(x[1], x[4]);
        var inner = graph.Add(x[2], x[3]);
        var sum = graph.Add(outer, inner);
        var middle = graph.Subtract(x[0], graph.Scale(0.25, sum));
        var spread = graph.Scale(Math.Sqrt(5) / 4, graph.Subtract(outer, inner));
        var near = graph.Add(middle, spread);
        var far = graph.Subtract(middle, spread);
        var outerDifference = graph.Subtract(x[1], x[4]);
        var innerDifference = graph.Subtract(x[2], x[3]);
        var first = graph.TimesI(sign, graph.Add(graph.Scale(sin72, outerDifference), graph.Scale(sin36, innerDifference)));
        var second = graph.TimesI(sign, graph.Subtract(graph.Scale(sin36, outerDifference), graph.Scale(sin72, innerDifference)));
        return
        [
            graph.Add(x[0], sum),
            graph.Add(near, first),
            graph.Add(far, second),
            graph.Subtract(far, second),
            graph.Subtract(near, first),
        ];
    }

    /// <summary>p and q have no common factor: input t = q·a + p·b, output k ↔ (k mod p, k mod q).</summary>
    private static ComplexExpression[] PrimeFactor(Simplifier graph, ComplexExpression[] x, int sign, int p, int q)
    {
        var n = p * q;
        if (q == 1) return Transform(graph, x, sign);
        var rows = Enumerable.Range(0, p)
            .Select(a => Transform(graph, Pick(q, b => x[((q * a) + (p * b)) % n]), sign))
            .ToArray();
        var columns = Enumerable.Range(0, q)
            .Select(k => Transform(graph, Pick(p, a => rows[a][k]), sign))
            .ToArray();

        // ω_n^(tk) = ω_p^(ak)·ω_q^(bk): nothing is left over to multiply by.
        return Pick(n, k => columns[k % q][k % p]);
    }

    private static ComplexExpression[] Pick(int count, Func<int, ComplexExpression> item) =>
        Enumerable.Range(0, count).Select(item).ToArray();
}
