using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>
/// Copies of short rows, as they are or each times a factor: one vector of columns after the other down all rows, so that a row of
/// a vector costs a load and a store.
/// </summary>
internal sealed class RowsCopyPrinter(InstructionSet isa)
{
    public void Print(SourceWriter writer)
    {
        var copy = new Body();
        copy.Store("to", copy.Load("copied", "from"));
        Print(writer, copy, "CopyRows", "");

        var scale = new Body();
        string factor = scale.Broadcast("factor", "rowFactors[row]"), scaled = scale.Load("scaled", "from");
        scale.Assign(Operation.Multiply, scaled, scaled, factor);
        scale.Store("to", scaled);
        Print(writer, scale, "ScaleRows", "float* rowFactors, ");
    }

    private void Print(SourceWriter writer, Body body, string name, string factors)
    {
        writer.Line($"// One vector of a row: {OperationCount.Describe(body)}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open($"public static void {name}(float* source, nint sourceStride, int rows, int columns, {factors}float* destination, nint destinationStride)");
        writer.Open($"for (int column = 0; column < columns; column += {isa.Lanes})");
        writer.Line("float* from = source + column;");
        writer.Line("float* to = destination + column;");
        writer.Open("for (int row = 0; row < rows; row++)");
        writer.Print(isa, body);
        writer.Line("from += sourceStride;");
        writer.Line("to += destinationStride;");
        writer.Close().Close().Close().Line();
    }
}
