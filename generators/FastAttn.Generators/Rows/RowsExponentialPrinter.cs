using System.Collections.Generic;
using System.Linq;
using FastAttn.Generators.Exponentials;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>
/// Exponentials of rows, natural or of base 2, relative to their own maxima. Rows are short: constants are loaded once for all of
/// them, and several vectors of a row advance in step.
/// </summary>
internal sealed class RowsExponentialPrinter(InstructionSet isa, bool isBinary)
{
    /// <summary>Exponentials in step. One alone takes longer than what the processor looks ahead is worth.</summary>
    private const int Ways = 4;

    public void Print(SourceWriter writer)
    {
        int lanes = isa.Lanes;
        var maxima = new RowMaxima(isa);
        Body exponential = Exponential(0);
        writer.Line($"// One vector: {OperationCount.Describe(exponential)}; for its row's maximum {maxima.Description}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open($"public static void {(isBinary ? "Exp2Relative" : "ExpRelative")}(float* x, nint stride, int rows, int columns, float* largest)");
        foreach (KeyValuePair<double, string> constant in exponential.Constants) writer.Line($"Vec {constant.Value} = {isa.Constant(constant.Key)};");
        if (isBinary)
        {
            writer.Line($"Vec magic = {isa.Broadcast(PowerOfTwo.RoundingMagic)};");
            writer.Line($"Vec lowest = {isa.Broadcast(PowerOfTwo.Lowest)};");
        }

        maxima.PrintBuffers(writer);
        writer.Line($"int end = (columns - 1) & -{lanes};");
        writer.Open($"if (end + {lanes} > columns)");
        writer.Line($"for (int lane = 0; lane < {lanes}; lane++) lanes[lane] = end + lane < columns ? 0f : float.NegativeInfinity;");
        writer.Line($"Vec padding = {isa.Load("lanes")};");
        writer.Line("float* xAt = x + end;");
        writer.Open("for (int row = 0; row < rows; row++)");
        writer.Print(isa, Pad());
        writer.Line("xAt += stride;");
        writer.Close().Close();
        writer.Open($"for (int first = 0; first < rows; first += {lanes})");
        writer.Line($"int count = rows - first < {lanes} ? rows - first : {lanes};");
        maxima.Print(writer);
        writer.Open("for (int row = 0; row < count; row++)");
        writer.Line("largest[first + row] = lanes[row];");
        writer.Line($"Vec best = {isa.Broadcast("lanes[row]")};");
        writer.Line("float* xAt = x;");
        writer.Line($"for (; xAt <= x + end - {(Ways - 1) * lanes}; xAt += {Ways * lanes})").Open();
        writer.Print(isa, Body.InStep(Enumerable.Range(0, Ways).Select(Exponential)));
        writer.Close();
        writer.Line($"for (; xAt <= x + end; xAt += {lanes})").Open();
        writer.Print(isa, exponential);
        writer.Close();
        writer.Line("x += stride;");
        writer.Close().Close().Close().Line();
    }

    /// <summary>The lanes of a last vector past the end become −∞: not the largest, and no exponential.</summary>
    private static Body Pad()
    {
        var body = new Body();
        body.Store("xAt", body.Declare(Operation.Add, "padded", body.Load("last", "xAt"), "padding"));
        return body;
    }

    private Body Exponential(int way)
    {
        var body = new Body();
        string pointer = way == 0 ? "xAt" : $"xAt + {way * isa.Lanes}", name = $"power{way}";
        string argument = body.Declare(Operation.Subtract, $"argument{way}", body.Load($"xValue{way}", pointer), "best");
        body.Store(pointer, isBinary ? PowerOfTwo.Emit(body, argument, "magic", "lowest", name) : Exponentials.Exponential.Emit(body, argument, name));
        return body;
    }
}
