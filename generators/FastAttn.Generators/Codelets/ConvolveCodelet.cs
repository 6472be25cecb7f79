using System.Linq;

namespace FastAttn.Generators.Codelets;

/// <summary>
/// The innermost step: a cyclic convolution of up to <see cref="MaximumLength"/> points without leaving registers.
/// Its spectrum lies in natural order.
/// </summary>
internal static class ConvolveCodelet
{
    /// <summary>Longer transforms would live in spilled registers.</summary>
    public const int MaximumLength = 16;

    public static CodeletFile Create(int length, int lanes)
    {
        var address = new PointAddress(lanes);
        var graph = new Simplifier();
        var input = Enumerable.Range(0, length).Select(t => address.Load(graph, address.Dense("points", t))).ToArray();
        var forward = FourierTransform.Transform(graph, input, -1);
        var product = forward.Select((x, k) => graph.Multiply(x, PointAddress.Root(graph, "spectrum", k))).ToArray();
        var result = FourierTransform.Transform(graph, product, +1);
        var block = new Block(
        [
            Section.Of($"Forward transform of {length} points", forward.SelectMany(Keep)),
            Section.Of("Times the spectrum", product.SelectMany(Keep)),
            Section.Of(
                $"Inverse transform of {length} points",
                result.SelectMany((x, t) => address.Store(address.Dense("points", t), x))),
        ]);
        return new CodeletFile(
            $"Convolve{length}",
            [$"Recipe: {length}-point forward transform ({Recipe.Of(length)}), product with the spectrum, inverse transform; all in registers."],
            [
                new CodeletMethod(
                    $"Convolve{length}",
                    $"Cyclic convolution of {length} points in place, times {length}; (re, im) of the spectrum in natural order.",
                    "float* points, float* spectrum") { Blocks = [block] },
            ]);
    }

    private static Output[] Keep(ComplexExpression x) => [new Output(x.Re, null), new Output(x.Im, null)];
}
