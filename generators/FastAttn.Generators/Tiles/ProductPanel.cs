using System.Linq;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Tiles;

/// <summary>
/// Fourth pass, the matrix product: <c>C += A·B</c>, or <c>C = A·B</c>, for a panel as wide as a register tile, all rows of it, and
/// each row of it times a factor where there are factors.
/// The sums stay in registers over the whole depth; each step of it loads one row of B and broadcasts one element of every row of A.
/// </summary>
internal sealed class ProductPanel(InstructionSet isa, int rows, int vectors, int? depth, string name)
{
    /// <summary>
    /// A narrow panel alternates between this many sets of sums, because one set is fewer than the hardware keeps in flight.
    /// </summary>
    private int Ways { get; } = rows * vectors < TileShape.SumsInFlight ? 2 : 1;

    public static string Name(int vectors, int? depth, int? fewRows) => $"Multiply{vectors}Vectors" + Suffix(depth, fewRows);

    /// <summary>What tells code for one depth, or for fewer rows than a tile has, from the other.</summary>
    public static string Suffix(int? depth, int? fewRows) => (depth is int known ? $"Depth{known}" : "") + (fewRows is int rows ? $"Rows{rows}" : "");

    public Body Step() => Step("", 0);

    public void Print(SourceWriter writer)
    {
        string depthParameter = depth is null ? "int depth, " : "";
        string extent = depth?.ToString() ?? "depth";
        writer.Line($"// {rows} × {vectors} vectors. One step of depth: {OperationCount.Describe(Step())}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open($"private static void {name}(bool adds, int rows, {depthParameter}float* a, nint aStride, float* b, nint bStride, float* rowFactors, float* c, nint cStride)");
        writer.Open($"for (int row = 0; row < rows; row += {rows})");
        writer.RowPointers("a", "a", "aStride", rows);
        foreach (string set in Enumerable.Range(0, Ways).Select(Set)) writer.Print(isa, Zeros(set));
        writer.Line("float* right = b;");
        if (Ways == 1)
        {
            writer.Open($"for (int k = 0; k < {extent}; k++)");
            writer.Print(isa, Step());
            writer.Line("right += bStride;");
            writer.Close();
        }
        else
        {
            PrintAlternating(writer, extent);
        }

        writer.RowPointers("c", "c", "cStride", rows);
        writer.Open("if (adds)");
        writer.Print(isa, AddBefore());
        writer.Close();
        writer.Open("if (rowFactors != null)");
        writer.Print(isa, Scale());
        writer.Line($"rowFactors += {rows};");
        writer.Close();
        writer.Print(isa, StoreResult());
        writer.Line($"a += {rows} * aStride;");
        writer.Line($"c += {rows} * cStride;");
        writer.Close().Close().Line();
    }

    private void PrintAlternating(SourceWriter writer, string extent)
    {
        writer.Line("int k = 0;");
        writer.Open($"for (; k < {extent} - {Ways - 1}; k += {Ways})");
        for (int way = 0; way < Ways; way++)
        {
            writer.Open();
            writer.Print(isa, Step(Set(way), way));
            writer.Line("right += bStride;");
            writer.Close();
        }

        writer.Close();
        if (depth is null || depth % Ways != 0)
        {
            writer.Open($"for (; k < {extent}; k++)");
            writer.Print(isa, Step());
            writer.Line("right += bStride;");
            writer.Close();
        }

        var merge = new Body();
        for (int way = 1; way < Ways; way++)
        {
            for (int i = 0; i < rows; i++)
            {
                for (int v = 0; v < vectors; v++) merge.Assign(Operation.Add, Sum("", i, v), Sum("", i, v), Sum(Set(way), i, v));
            }
        }

        writer.Print(isa, merge);
    }

    private static string Set(int way) => way == 0 ? "" : "Other" + (way == 1 ? "" : way.ToString());

    private static string Sum(string set, int row, int vector) => $"sum{set}{row}_{vector}";

    private Body Zeros(string set)
    {
        var body = new Body();
        for (int i = 0; i < rows; i++)
        {
            for (int v = 0; v < vectors; v++) body.Declare(Operation.Zero, Sum(set, i, v));
        }

        return body;
    }

    private Body Step(string set, int ahead)
    {
        var body = new Body();
        for (int v = 0; v < vectors; v++) body.Load($"right{v}", v == 0 ? "right" : $"right + {v * isa.Lanes}");
        for (int i = 0; i < rows; i++)
        {
            string left = body.Broadcast($"left{i}", ahead == 0 ? $"a{i}[k]" : $"a{i}[k + {ahead}]");
            for (int v = 0; v < vectors; v++)
                body.Assign(Operation.MultiplyAdd, Sum(set, i, v), left, $"right{v}", Sum(set, i, v));
        }

        return body;
    }

    private Body AddBefore()
    {
        var body = new Body();
        for (int i = 0; i < rows; i++)
        {
            for (int v = 0; v < vectors; v++)
                body.Assign(Operation.Add, Sum("", i, v), body.Load($"before{i}_{v}", ResultAt(i, v)), Sum("", i, v));
        }

        return body;
    }

    private Body Scale()
    {
        var body = new Body();
        for (int i = 0; i < rows; i++)
        {
            string factor = body.Broadcast($"factor{i}", $"rowFactors[{i}]");
            for (int v = 0; v < vectors; v++) body.Assign(Operation.Multiply, Sum("", i, v), Sum("", i, v), factor);
        }

        return body;
    }

    private Body StoreResult()
    {
        var body = new Body();
        for (int i = 0; i < rows; i++)
        {
            for (int v = 0; v < vectors; v++) body.Store(ResultAt(i, v), Sum("", i, v));
        }

        return body;
    }

    private string ResultAt(int row, int vector) => vector == 0 ? $"c{row}" : $"c{row} + {vector * isa.Lanes}";
}
