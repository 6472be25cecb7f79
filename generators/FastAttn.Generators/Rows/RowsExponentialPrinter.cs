using System.Collections.Generic;
using FastAttn.Generators.Exponentials;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>
/// Exponentials of rows, natural or of base 2, relative to their own maxima. Rows are short: constants are loaded once for all of
/// them. As many rows as a vector has lanes find their maxima together, in a tree that interleaves two rows at each step, so that
/// no row waits for the lanes of its own to be folded.
/// </summary>
internal sealed class RowsExponentialPrinter(InstructionSet isa, bool isBinary)
{
    public void Print(SourceWriter writer)
    {
        int lanes = isa.Lanes;
        Body largest = Largest(), fold = Fold(), exponential = Exponentials();
        writer.Line($"// One vector: {OperationCount.Describe(largest)}; then {OperationCount.Describe(exponential)}. Maxima of {lanes} rows: {OperationCount.Describe(fold)}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open($"public static void {(isBinary ? "Exp2Relative" : "ExpRelative")}(float* x, nint stride, int rows, int columns, float* largest)");
        foreach (KeyValuePair<double, string> constant in exponential.Constants) writer.Line($"Vec {constant.Value} = {isa.Constant(constant.Key)};");
        if (isBinary)
        {
            writer.Line($"Vec magic = {isa.Broadcast(PowerOfTwo.RoundingMagic)};");
            writer.Line($"Vec lowest = {isa.Broadcast(PowerOfTwo.Lowest)};");
        }

        writer.Line($"float* lanes = stackalloc float[{lanes}];");
        writer.Line($"float* bests = stackalloc float[{lanes * lanes}];");
        writer.Line($"int end = (columns - 1) & -{lanes};");
        writer.Line($"for (int lane = 0; lane < {lanes}; lane++) lanes[lane] = end + lane < columns ? 0f : float.NegativeInfinity;");
        writer.Line($"Vec padding = {isa.Load("lanes")};");
        writer.Open($"for (int first = 0; first < rows; first += {lanes})");
        writer.Line($"int count = rows - first < {lanes} ? rows - first : {lanes};");
        writer.Line("float* line = x;");
        writer.Open("for (int row = 0; row < count; row++)");
        writer.Line("float* xAt = line + end;");
        writer.Print(isa, Last());
        writer.Line($"for (xAt = line; xAt < line + end; xAt += {lanes})").Open();
        writer.Print(isa, largest);
        writer.Close();
        writer.Line(isa.Store($"bests + (row * {lanes})", "best"));
        writer.Line("line += stride;");
        writer.Close();
        writer.Print(isa, fold);
        writer.Open("for (int row = 0; row < count; row++)");
        writer.Line("largest[first + row] = lanes[row];");
        writer.Line($"Vec best = {isa.Broadcast("lanes[row]")};");
        writer.Line($"for (float* xAt = x; xAt <= x + end; xAt += {lanes})").Open();
        writer.Print(isa, exponential);
        writer.Close();
        writer.Line("x += stride;");
        writer.Close().Close().Close().Line();
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

    /// <summary>
    /// Row r meets row r + L/2 first, then r + L/4 …: each step moves the index of a lane one bit to the left, so that in the end lane r
    /// holds the maximum of row r. Rows beyond the count are whatever the buffer held, and nobody reads theirs.
    /// </summary>
    private Body Fold()
    {
        var body = new Body();
        body.Store("lanes", Join(0, 1));
        return body;

        string Join(int row, int distance)
        {
            if (distance == isa.Lanes) return body.Load($"best{row}", row == 0 ? "bests" : $"bests + {row * isa.Lanes}");
            string name = $"best{row}By{distance}", one = Join(row, 2 * distance), other = Join(row + distance, 2 * distance);
            string low = body.Declare(Operation.ZipLow, name + "Low", one, other);
            string high = body.Declare(Operation.ZipHigh, name + "High", one, other);
            return body.Declare(Operation.Max, name, low, high);
        }
    }

    private Body Exponentials()
    {
        var body = new Body();
        string argument = body.Declare(Operation.Subtract, "argument", body.Load("xValue", "xAt"), "best");
        body.Store("xAt", isBinary ? PowerOfTwo.Emit(body, argument, "magic", "lowest", "power") : Exponential.Emit(body, argument, "power"));
        return body;
    }
}
