using System.Collections.Generic;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>
/// Exponentials of rows relative to their own maxima. Rows are short: constants are loaded once for all of them, no row has a
/// branch of its own, and so the maximum of one row is found while the exponentials of the one before are still under way.
/// </summary>
internal sealed class RowsExponentialPrinter(InstructionSet isa)
{
    public void Print(SourceWriter writer)
    {
        Body last = Last(), largest = Largest(), exponential = Exponentials();
        writer.Line($"// One vector: {OperationCount.Describe(largest)}; then {OperationCount.Describe(exponential)}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open("public static void ExpRelative(float* x, nint stride, int rows, int columns, float* largest)");
        foreach (KeyValuePair<double, string> constant in exponential.Constants) writer.Line($"Vec {constant.Value} = {isa.Constant(constant.Key)};");
        writer.Line($"float* lanes = stackalloc float[{isa.Lanes}];");
        writer.Line($"int end = (columns - 1) & -{isa.Lanes};");
        writer.Line($"for (int lane = 0; lane < {isa.Lanes}; lane++) lanes[lane] = end + lane < columns ? 0f : float.NegativeInfinity;");
        writer.Line($"Vec padding = {isa.Load("lanes")};");
        writer.Open("for (int row = 0; row < rows; row++)");
        writer.Line("float* xAt = x + end;");
        writer.Print(isa, last);
        writer.Line($"for (xAt = x; xAt < x + end; xAt += {isa.Lanes})").Open();
        writer.Print(isa, largest);
        writer.Close();
        writer.Print(isa, LaneFold.Of(isa, Operation.Max, "best"));
        writer.Line(isa.Store("lanes", "best"));
        writer.Line("largest[row] = lanes[0];");
        writer.Line($"for (xAt = x; xAt <= x + end; xAt += {isa.Lanes})").Open();
        writer.Print(isa, exponential);
        writer.Close();
        writer.Line("x += stride;");
        writer.Close().Close().Line();
    }

    /// <summary>The last vector, whose lanes past the end become −∞: not the largest, and no exponential.</summary>
    private static Body Last()
    {
        var body = new Body();
        string x = body.Load("lastValue", "xAt");
        string best = body.Declare(Operation.Add, "best", x, "padding");
        body.Store("xAt", best);
        return body;
    }

    private static Body Largest()
    {
        var body = new Body();
        body.Assign(Operation.Max, "best", body.Load("value", "xAt"), "best");
        return body;
    }

    private static Body Exponentials()
    {
        var body = new Body();
        string argument = body.Declare(Operation.Subtract, "argument", body.Load("xValue", "xAt"), "best");
        body.Store("xAt", Exponential.Emit(body, argument, "power"));
        return body;
    }
}
