using System.Collections.Generic;
using System.Linq;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;
using FastAttn.Generators.Trigonometry;

namespace FastAttn.Generators.Rows;

/// <summary>
/// Sines of the entries of rows, in place, and their cosines behind them. Rows are short: constants are loaded once for all of them,
/// and several vectors of a row advance in step. A last vector that is not whole goes through the same statements into buffers.
/// </summary>
internal sealed class RowsSineCosinePrinter(InstructionSet isa)
{
    /// <summary>Vectors in step: of more, the intermediate results would find no registers.</summary>
    private const int Ways = 2;

    public void Print(SourceWriter writer)
    {
        int lanes = isa.Lanes;
        Body one = Vector(0, "xAt", "xAt + columns"), last = Vector(0, "sines", "cosines", "x + end");
        writer.Line($"// One vector: {OperationCount.Describe(one)}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open("public static void SineCosine(float* x, nint stride, int rows, int columns)");
        foreach (KeyValuePair<double, string> constant in one.Constants) writer.Line($"Vec {constant.Value} = {isa.Constant(constant.Key)};");
        writer.Line($"float* sines = stackalloc float[{lanes}];");
        writer.Line($"float* cosines = stackalloc float[{lanes}];");
        writer.Line($"int end = columns & -{lanes};");
        writer.Open("for (int row = 0; row < rows; row++)");
        writer.Line("float* xAt = x;");
        writer.Open($"for (; xAt <= x + end - {Ways * lanes}; xAt += {Ways * lanes})");
        writer.Print(isa, Body.InStep(Enumerable.Range(0, Ways).Select(way =>
            Vector(way, way == 0 ? "xAt" : $"xAt + {way * lanes}", "xAt + columns" + (way == 0 ? "" : $" + {way * lanes}")))));
        writer.Close();
        writer.Open($"for (; xAt < x + end; xAt += {lanes})");
        writer.Print(isa, one);
        writer.Close();
        writer.Open("if (end < columns)");
        writer.Print(isa, last);
        writer.Open("for (int i = end; i < columns; i++)");
        writer.Line("x[i] = sines[i - end];");
        writer.Line("x[columns + i] = cosines[i - end];");
        writer.Close().Close();
        writer.Line("x += stride;");
        writer.Close().Close().Line();
    }

    private static Body Vector(int way, string sineAt, string cosineAt, string? from = null)
    {
        var body = new Body();
        (string sine, string cosine) = SineCosine.Emit(body, body.Load($"turns{way}", from ?? sineAt), $"angle{way}");
        body.Store(sineAt, sine);
        body.Store(cosineAt, cosine);
        return body;
    }
}
