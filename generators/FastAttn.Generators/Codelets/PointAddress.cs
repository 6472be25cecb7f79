using System.Collections.Generic;

namespace FastAttn.Generators.Codelets;

/// <summary>C# spellings of where a point lies: re in one vector, im in the vector after it.</summary>
internal sealed class PointAddress(int lanes)
{
    public int PointFloats => 2 * lanes;

    public ComplexExpression Load(Simplifier graph, string point) =>
        new(graph.Load(Offset(point, 0)), graph.Load(Offset(point, lanes)));

    public IEnumerable<Output> Store(string point, ComplexExpression value) =>
        [new Output(value.Re, Offset(point, 0)), new Output(value.Im, Offset(point, lanes))];

    /// <summary>Point number <paramref name="index"/> of a dense array.</summary>
    public string Dense(string array, int index) => Offset(array, index * PointFloats);

    public static string Offset(string pointer, int floats) => floats == 0 ? pointer : $"{pointer} + {floats}";

    /// <summary>A scalar of an array.</summary>
    public static string Scalar(string array, int index) => $"{array}[{index}]";

    /// <summary>A root of unity (cosine, sine) of an array.</summary>
    public static ComplexExpression Root(Simplifier graph, string array, int index) =>
        new(graph.Broadcast(Scalar(array, 2 * index)), graph.Broadcast(Scalar(array, (2 * index) + 1)));
}
