using System.Linq;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>
/// The scaled transpose: squares of as many rows as a vector has lanes, in registers. Interleaving row i with row i + L/2 moves
/// every element's index one bit to the left; after log₂ L rounds row and column have changed places.
/// </summary>
internal sealed class TransposePrinter(InstructionSet isa)
{
    /// <summary>Source rows of a cache block: whole 64-byte lines of the destination are written at once.</summary>
    private const int LineFloats = 16;

    public void Print(SourceWriter writer)
    {
        int lanes = isa.Lanes;
        writer.Line($"// One square of {lanes} × {lanes}: {OperationCount.Describe(Square())}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Line("public static void TransposeScaled(");
        writer.Line("    float* source, nint sourceStride, int rows, int columns, float* rowScale, float* destination, nint destinationStride)");
        writer.Open();
        writer.Open($"for (int top = 0; top < rows; top += {LineFloats})");
        writer.Line($"int bottom = rows - top < {LineFloats} ? rows : top + {LineFloats};");
        writer.Line("int column = 0;");
        writer.Open($"for (; column <= columns - {lanes}; column += {lanes})");
        writer.Line("int row = top;");
        writer.Open($"for (; row <= bottom - {lanes}; row += {lanes})");
        writer.Line("float* from = source + (row * sourceStride) + column;");
        writer.Line("float* to = destination + (column * destinationStride) + row;");
        writer.Line("float* scale = rowScale + row;");
        writer.Print(isa, Square());
        writer.Close();
        PrintElements(writer, $"column + {lanes}");
        writer.Close();
        writer.Open("if (column < columns)");
        writer.Line("int row = top;");
        PrintElements(writer, "columns");
        writer.Close();
        writer.Close().Close().Line();
    }

    /// <summary>The edges, which fill no square: the same single product, element by element.</summary>
    private static void PrintElements(SourceWriter writer, string columnEnd)
    {
        writer.Open("for (; row < bottom; row++)");
        writer.Open($"for (int edge = column; edge < {columnEnd}; edge++)");
        writer.Line("destination[(edge * destinationStride) + row] = source[(row * sourceStride) + edge] * rowScale[row];");
        writer.Close().Close();
    }

    private Body Square()
    {
        var body = new Body();
        string[] rows = Enumerable.Range(0, isa.Lanes).Select(row =>
        {
            string loaded = body.Load($"row{row}", row == 0 ? "from" : $"from + ({row} * sourceStride)");
            string factor = body.Broadcast($"scale{row}", $"scale[{row}]");
            body.Assign(Operation.Multiply, loaded, loaded, factor);
            return loaded;
        }).ToArray();

        int half = isa.Lanes / 2;
        for (int stage = 1; stage < isa.Lanes; stage *= 2)
        {
            string[] next = new string[isa.Lanes];
            for (int i = 0; i < half; i++)
            {
                next[2 * i] = body.Declare(Operation.ZipLow, $"stage{stage}_{2 * i}", rows[i], rows[i + half]);
                next[(2 * i) + 1] = body.Declare(Operation.ZipHigh, $"stage{stage}_{(2 * i) + 1}", rows[i], rows[i + half]);
            }

            rows = next;
        }

        for (int row = 0; row < isa.Lanes; row++) body.Store(row == 0 ? "to" : $"to + ({row} * destinationStride)", rows[row]);
        return body;
    }
}
