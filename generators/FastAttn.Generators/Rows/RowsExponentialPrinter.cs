using System.Collections.Generic;
using System.Linq;
using FastAttn.Generators.Exponentials;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>
/// Exponentials of rows, natural or of base 2, relative to their own maxima. Rows are short: constants are loaded once for all of
/// them. As many rows as a vector has lanes find their maxima together, in a tree that interleaves two rows at each step, so that
/// no row waits for the lanes of its own to be folded; then several vectors of a row advance in step.
/// </summary>
internal sealed class RowsExponentialPrinter(InstructionSet isa, bool isBinary)
{
    /// <summary>Exponentials in step. One alone takes longer than what the processor looks ahead is worth.</summary>
    private const int Ways = 4;

    public void Print(SourceWriter writer)
    {
        int lanes = isa.Lanes;
        Body largest = Largest(), fold = Fold(), exponential = Exponential(0);
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
        writer.Line("float* line = x;");
        writer.Open("for (int row = 0; row < count; row++)");
        writer.Line($"Vec best = {isa.Load("line + end")};");
        writer.Line($"for (float* xAt = line; xAt < line + end; xAt += {lanes})").Open();
        writer.Print(isa, largest);
        writer.Close();
        writer.Line(isa.Store($"bests + (row * {lanes})", "best"));
        writer.Line("line += stride;");
        writer.Close();
        writer.Print(isa, fold);
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

    private Body Exponential(int way)
    {
        var body = new Body();
        string pointer = way == 0 ? "xAt" : $"xAt + {way * isa.Lanes}", name = $"power{way}";
        string argument = body.Declare(Operation.Subtract, $"argument{way}", body.Load($"xValue{way}", pointer), "best");
        body.Store(pointer, isBinary ? PowerOfTwo.Emit(body, argument, "magic", "lowest", name) : Exponentials.Exponential.Emit(body, argument, name));
        return body;
    }
}
