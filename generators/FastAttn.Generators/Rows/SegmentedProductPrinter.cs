using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>
/// Products of the segments of a row, one vector of results after the other in a register. Where a segment ends within a vector,
/// what stands behind it counts as one: times zero plus one, from a ramp of ones, zeros and ones, so that no lane has a branch.
/// </summary>
internal sealed class SegmentedProductPrinter(InstructionSet isa)
{
    public void Print(SourceWriter writer)
    {
        int lanes = isa.Lanes;
        Body first = First(), next = Next(), last = Last();
        writer.Line($"// One vector: {OperationCount.Describe(first)}; each further segment {OperationCount.Describe(next)}; then {OperationCount.Describe(last)}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Line("public static void SegmentedProduct(");
        writer.Line("    float* x, nint xStride, int rows, int* counts, int segments, float* y, nint yStride, float* largest)");
        writer.Open();
        writer.Line($"float* ramp = stackalloc float[{3 * lanes}];");
        writer.Line($"for (int lane = 0; lane < {3 * lanes}; lane++) ramp[lane] = lane < {lanes} || lane >= {2 * lanes} ? 1f : 0f;");
        writer.Line($"float* lanes = stackalloc float[{lanes}];");
        writer.Open("for (int row = 0; row < rows; row++)");
        writer.Line($"Vec best = {isa.Zero};");
        writer.Open($"for (int i = 0; i < counts[0]; i += {lanes})");
        writer.Line("float* xAt = x + i;");
        writer.Line("float* yAt = y + i;");
        writer.Line("int rest = counts[0] - i;");
        writer.Line($"float* mask = ramp + (rest < {lanes} ? {lanes} - rest : 0);");
        writer.Print(isa, first);
        writer.Open("for (int segment = 1; segment < segments && counts[segment] > i; segment++)");
        writer.Line("xAt += counts[segment - 1];");
        writer.Line("rest = counts[segment] - i;");
        writer.Line($"mask = ramp + (rest < {lanes} ? {lanes} - rest : 0);");
        writer.Print(isa, next);
        writer.Close();
        writer.Print(isa, last);
        writer.Close();
        writer.Print(isa, LaneFold.Of(isa, Operation.Max, "best"));
        writer.Line(isa.Store("lanes", "best"));
        writer.Line("largest[row] = lanes[0];");
        writer.Line("x += xStride;");
        writer.Line("y += yStride;");
        writer.Close().Close().Line();
    }

    private static Body First()
    {
        var body = new Body();
        body.Declare(Operation.Multiply, "product", body.Load("xValue", "xAt"), body.Load("ones", "mask"));
        return body;
    }

    private Body Next()
    {
        var body = new Body();
        string factor = body.Declare(
            Operation.MultiplyAdd, "factor", body.Load("factorValue", "xAt"), body.Load("factorOnes", "mask"), body.Load("factorRest", $"mask + {isa.Lanes}"));
        body.Assign(Operation.Multiply, "product", "product", factor);
        return body;
    }

    private Body Last()
    {
        var body = new Body();
        body.Store("yAt", "product");
        body.Assign(Operation.Max, "best", "product", "best");
        body.Assign(Operation.Max, "best", body.Declare(Operation.Subtract, "negative", body.Declare(Operation.Zero, "zero"), "product"), "best");
        return body;
    }
}
