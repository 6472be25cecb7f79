using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>
/// The maxima of as many rows as a vector has lanes, found together in a tree that interleaves two rows at each step, so that no row
/// waits for the lanes of its own to be folded.
/// </summary>
internal sealed class RowMaxima(InstructionSet isa)
{
    /// <summary>What it takes, in words.</summary>
    public string Description => $"{OperationCount.Describe(Largest())}. Maxima of {isa.Lanes} rows: {OperationCount.Describe(Fold())}";

    /// <summary>The buffers: <c>lanes</c> receives the maxima.</summary>
    public void PrintBuffers(SourceWriter writer)
    {
        writer.Line($"float* lanes = stackalloc float[{isa.Lanes}];");
        writer.Line($"float* bests = stackalloc float[{isa.Lanes * isa.Lanes}];");
    }

    /// <summary>Maxima of <c>count</c> rows from <c>x</c> on, <c>stride</c> apart, whose last vectors begin at <c>end</c>.</summary>
    public void Print(SourceWriter writer)
    {
        writer.Line("float* line = x;");
        writer.Open("for (int row = 0; row < count; row++)");
        writer.Line($"Vec best = {isa.Load("line + end")};");
        writer.Line($"for (float* xAt = line; xAt < line + end; xAt += {isa.Lanes})").Open();
        writer.Print(isa, Largest());
        writer.Close();
        writer.Line(isa.Store($"bests + (row * {isa.Lanes})", "best"));
        writer.Line("line += stride;");
        writer.Close();
        writer.Print(isa, Fold());
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
}
