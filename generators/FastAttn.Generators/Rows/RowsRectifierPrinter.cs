using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>The maxima of rows, and the rectifier that their powers of two then scale, in whole vectors.</summary>
internal sealed class RowsRectifierPrinter(InstructionSet isa)
{
    public void Print(SourceWriter writer)
    {
        int lanes = isa.Lanes;
        var maxima = new RowMaxima(isa);
        writer.Line($"// One vector: {maxima.Description}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open("public static void MaxRows(float* x, nint stride, int rows, int columns, float* largest)");
        maxima.PrintBuffers(writer);
        writer.Line($"int end = (columns - 1) & -{lanes};");
        writer.Open($"for (int first = 0; first < rows; first += {lanes})");
        writer.Line($"int count = rows - first < {lanes} ? rows - first : {lanes};");
        maxima.Print(writer);
        writer.Line("for (int row = 0; row < count; row++) largest[first + row] = lanes[row];");
        writer.Line("x += count * stride;");
        writer.Close().Close().Line();

        Body rectifier = Rectifier();
        writer.Line($"// One vector: {OperationCount.Describe(rectifier)}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open("public static void ReluRows(float* x, nint stride, int rows, int columns, float floor, float* rowFactors)");
        writer.Line($"Vec floorVector = {isa.Broadcast("floor")};");
        writer.Open("for (int row = 0; row < rows; row++)");
        writer.Line($"Vec factor = {isa.Broadcast("rowFactors[row]")};");
        writer.Line($"for (float* xAt = x; xAt < x + columns; xAt += {lanes})").Open();
        writer.Print(isa, rectifier);
        writer.Close();
        writer.Line("x += stride;");
        writer.Close().Close().Line();
    }

    private Body Rectifier()
    {
        var body = new Body();
        string positive = body.Declare(Operation.Max, "positive", isa.Zero, body.Load("xValue", "xAt"));
        string sum = body.Declare(Operation.Add, "sum", positive, "floorVector");
        body.Store("xAt", body.Declare(Operation.Multiply, "result", sum, "factor"));
        return body;
    }
}
