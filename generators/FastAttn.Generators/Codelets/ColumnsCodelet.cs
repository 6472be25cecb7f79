using System;
using System.Collections.Generic;
using System.Linq;

namespace FastAttn.Generators.Codelets;

/// <summary>
/// Columns of a length R·C problem seen as a matrix of R rows and C columns. Forward: an R-point transform of each column,
/// times the root ω^(row·column), leaves R independent problems of length C in the rows. Inverse: the way back.
/// Points come from, and go to, one of several places, so that making and using them costs no pass of its own.
/// </summary>
internal static class ColumnsCodelet
{
    private const string Grid = "int columns, float* roots, float* points, nint rowStride";

    public static CodeletFile Create(int radix, int lanes)
    {
        var columns = new Builder(radix, lanes);
        return new CodeletFile(
            $"Columns{radix}",
            [
                $"Recipe: {radix}-point transforms ({Recipe.Of(radix)}) of the columns of a matrix, with roots between columns and rows;",
                "its points are loaded or stored as they are (Points), as products of a row and two scalars (Outer, Contract), or as row pairs (Pair).",
            ],
            [
                columns.Forward("Outer", columns.Outer()),
                columns.Forward("Pair", columns.Pair(twisted: false)),
                columns.Forward("PairTwisted", columns.Pair(twisted: true)),
                columns.Forward("Points", columns.Points()),
                columns.Inverse("Contract", columns.Contract()),
                columns.Inverse("Pair", columns.Pair(twisted: false)),
                columns.Inverse("PairTwisted", columns.Pair(twisted: true)),
                columns.Inverse("Points", columns.Points()),
            ]);
    }

    /// <summary>Names without the radix, and parameters.</summary>
    public static IEnumerable<(string Name, string Parameters)> Signatures =>
        Create(2, 1).Methods.Select(method => (method.Name.TrimEnd('2'), method.Parameters));

    /// <summary>Where the natural-order side of the columns lies.</summary>
    private sealed record Place(string Parameters)
    {
        public IEnumerable<string> Prologue { get; init; } = [];
        public IEnumerable<string> Advance { get; init; } = [];
        public Func<Simplifier, int, ComplexExpression>? Load { get; init; }
        public Func<Simplifier, int, ComplexExpression, IEnumerable<Output>>? Store { get; init; }
    }

    private sealed class Builder(int radix, int lanes)
    {
        private readonly PointAddress _address = new(lanes);
        private readonly StridedLegs _grid = new("points", "rowStride", radix);

        public CodeletMethod Forward(string kind, Place place)
        {
            var graph = new Simplifier();
            var x = Enumerable.Range(0, radix).Select(leg => place.Load!(graph, leg)).ToArray();
            var outputs = FourierTransform.Transform(graph, x, -1).SelectMany((value, row) => _address.Store(
                _grid[row], row == 0 ? value : graph.MultiplyConjugate(value, PointAddress.Root(graph, "roots", row - 1))));
            return Method($"Forward{kind}{radix}", "Column transforms into the rows.", place, outputs);
        }

        public CodeletMethod Inverse(string kind, Place place)
        {
            var graph = new Simplifier();
            var x = Enumerable.Range(0, radix).Select(row => _address.Load(graph, _grid[row]))
                .Select((value, row) => row == 0 ? value : graph.Multiply(value, PointAddress.Root(graph, "roots", row - 1)))
                .ToArray();
            var outputs = FourierTransform.Transform(graph, x, +1).SelectMany((value, leg) => place.Store!(graph, leg, value));
            return Method($"Inverse{kind}{radix}", "Inverse column transforms from the rows.", place, outputs);
        }

        public Place Points() => new("")
        {
            Load = (graph, leg) => _address.Load(graph, _grid[leg]),
            Store = (_, leg, value) => _address.Store(_grid[leg], value),
        };

        public Place Outer() => new("float* vectors, float* factorsRe, float* factorsIm")
        {
            Advance = [$"vectors += {radix * lanes};", .. Scalars("factorsRe", "factorsIm")],
            Load = (graph, leg) =>
            {
                var vector = graph.Load(PointAddress.Offset("vectors", leg * lanes));
                return new(
                    graph.Multiply(vector, graph.Broadcast(PointAddress.Scalar("factorsRe", leg))),
                    graph.Multiply(vector, graph.Broadcast(PointAddress.Scalar("factorsIm", leg))));
            },
        };

        public Place Contract() => new("float* accumulators, float* factorsRe, float* factorsIm")
        {
            Advance = [$"accumulators += {radix * lanes};", .. Scalars("factorsRe", "factorsIm")],
            Store = (graph, leg, value) =>
            {
                var target = PointAddress.Offset("accumulators", leg * lanes);
                var sum = graph.Add(
                    graph.Load(target), graph.Multiply(value.Re, graph.Broadcast(PointAddress.Scalar("factorsRe", leg))));
                return
                [
                    new Output(
                        graph.Add(sum, graph.Multiply(value.Im, graph.Broadcast(PointAddress.Scalar("factorsIm", leg)))), target),
                ];
            },
        };

        public Place Pair(bool twisted)
        {
            var legs = new StridedLegs("rows", "legStride", radix);
            return new("float* rows, nint tokenStride, nint legStride" + (twisted ? ", float* twist" : ""))
            {
                Prologue = legs.Declarations,
                Advance = [.. legs.Advance("tokenStride"), .. twisted ? [$"twist += {2 * radix};"] : Array.Empty<string>()],
                Load = (graph, leg) =>
                {
                    var value = _address.Load(graph, legs[leg]);
                    return twisted ? graph.MultiplyConjugate(value, PointAddress.Root(graph, "twist", leg)) : value;
                },
                Store = (graph, leg, value) =>
                {
                    if (!twisted) return _address.Store(legs[leg], value);
                    var before = _address.Load(graph, legs[leg]);
                    return _address.Store(
                        legs[leg], graph.Add(before, graph.Multiply(value, PointAddress.Root(graph, "twist", leg))));
                },
            };
        }

        private IEnumerable<string> Scalars(params string[] arrays) => arrays.Select(array => $"{array} += {radix};");

        private CodeletMethod Method(string name, string summary, Place place, IEnumerable<Output> outputs) =>
            new(name, summary, place.Parameters.Length == 0 ? Grid : $"{Grid}, {place.Parameters}")
            {
                Prologue = [.. _grid.Declarations, .. place.Prologue],
                LoopCount = "columns",
                LoopAdvance =
                [
                    .. _grid.Advance($"{_address.PointFloats}"),
                    $"roots += {2 * (radix - 1)};",
                    .. place.Advance,
                ],
                Blocks = [new Block([Section.Of("Column", outputs)])],
            };
    }
}
