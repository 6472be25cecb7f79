using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>The copy of short rows: one vector of columns after the other down all rows, so that a row of a vector costs a load and a store.</summary>
internal sealed class RowsCopyPrinter(InstructionSet isa)
{
    public void Print(SourceWriter writer)
    {
        var body = new Body();
        body.Store("to", body.Load("copied", "from"));
        writer.Line($"// One vector of a row: {OperationCount.Describe(body)}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open("public static void CopyRows(float* source, nint sourceStride, int rows, int columns, float* destination, nint destinationStride)");
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
