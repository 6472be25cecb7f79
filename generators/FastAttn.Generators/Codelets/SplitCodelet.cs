using System.Collections.Generic;
using System.Linq;

namespace FastAttn.Generators.Codelets;

/// <summary>
/// One L-shaped step of the conjugate-pair split radix, in place through memory: <c>Split</c> turns n points into
/// a half-length problem (even frequencies) and two quarter-length ones (frequencies 4m + 1 and 4m − 1);
/// <c>Merge</c> is its inverse. Unrolled for a length with roots as constants, or a loop over a table of roots.
/// </summary>
internal static class SplitCodelet
{
    /// <summary>Beyond this an unrolled step outgrows the instruction cache and the JIT's limits; the loop takes over.</summary>
    public const int MaximumLength = 256;

    public static CodeletFile CreateUnrolled(int length, int lanes)
    {
        var address = new PointAddress(lanes);
        var quarter = length / 4;
        return new CodeletFile(
            $"Split{length}",
            [
                $"Recipe: one split-radix step {length} -> {length / 2} + {quarter} + {quarter} and its inverse, unrolled;"
                + " what is left is transformed by further steps.",
            ],
            [
                new CodeletMethod($"Split{length}", $"Forward step on {length} points in place.", "float* points")
                {
                    Blocks = Butterflies(Forward),
                },
                new CodeletMethod($"Merge{length}", $"Inverse step on {length} points in place.", "float* points")
                {
                    Blocks = Butterflies(Inverse),
                },
            ]);

        Block[] Butterflies(System.Func<Simplifier, ComplexExpression[], Rotation, ComplexExpression[]> step) =>
            Enumerable.Range(0, quarter)
                .Select(k => Butterfly(
                    address, leg => address.Dense("points", k + (leg * quarter)), step,
                    (graph, x, sign) => graph.Rotate(x, sign * k, length), $"Butterfly {k}"))
                .ToArray();
    }

    public static CodeletFile CreateLoop(int lanes)
    {
        var address = new PointAddress(lanes);
        var legs = new StridedLegs("points", "quarter", 4);
        CodeletMethod Method(string name, string summary, System.Func<Simplifier, ComplexExpression[], Rotation, ComplexExpression[]> step) =>
            new(name, summary, "int length, float* points, float* roots")
            {
                Prologue = [$"nint quarter = length / 4 * {address.PointFloats};", .. legs.Declarations],
                LoopCount = "length / 4",
                LoopAdvance = [.. legs.Advance($"{address.PointFloats}"), "roots += 2;"],
                Blocks =
                [
                    Butterfly(
                        address, leg => legs[leg], step,
                        (graph, x, sign) =>
                        {
                            var root = PointAddress.Root(graph, "roots", 0);
                            return sign > 0 ? graph.Multiply(x, root) : graph.MultiplyConjugate(x, root);
                        },
                        "Butterfly"),
                ],
            };
        return new CodeletFile(
            "SplitLoop",
            ["Recipe: one split-radix step n -> n/2 + n/4 + n/4 and its inverse, for any n divisible by 4, over a table of roots."],
            [
                Method("SplitLoop", "Forward step in place; roots k = 0 … n/4 − 1 as (cos, sin) of 2πk/n.", Forward),
                Method("MergeLoop", "Inverse step in place; roots as for the forward step.", Inverse),
            ]);
    }

    /// <summary>Multiplies by the root of this butterfly, sign +1, or by its conjugate, sign −1.</summary>
    private delegate ComplexExpression Rotation(Simplifier graph, ComplexExpression x, int sign);

    private static Block Butterfly(
        PointAddress address,
        System.Func<int, string> leg,
        System.Func<Simplifier, ComplexExpression[], Rotation, ComplexExpression[]> step,
        Rotation rotate,
        string title)
    {
        var graph = new Simplifier();
        var x = Enumerable.Range(0, 4).Select(i => address.Load(graph, leg(i))).ToArray();
        IEnumerable<Output> outputs = step(graph, x, rotate).SelectMany((value, i) => address.Store(leg(i), value));
        return new Block([Section.Of(title, outputs)]);
    }

    private static ComplexExpression[] Forward(Simplifier graph, ComplexExpression[] x, Rotation rotate)
    {
        var difference = graph.Subtract(x[0], x[2]);
        var turned = graph.TimesI(1, graph.Subtract(x[1], x[3]));
        return
        [
            graph.Add(x[0], x[2]),
            graph.Add(x[1], x[3]),
            rotate(graph, graph.Subtract(difference, turned), -1),
            rotate(graph, graph.Add(difference, turned), +1),
        ];
    }

    private static ComplexExpression[] Inverse(Simplifier graph, ComplexExpression[] x, Rotation rotate)
    {
        var ahead = rotate(graph, x[2], +1);
        var behind = rotate(graph, x[3], -1);
        var sum = graph.Add(ahead, behind);
        var turned = graph.TimesI(1, graph.Subtract(ahead, behind));
        return
        [
            graph.Add(x[0], sum),
            graph.Add(x[1], turned),
            graph.Subtract(x[0], sum),
            graph.Subtract(x[1], turned),
        ];
    }
}
