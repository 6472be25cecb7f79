using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Tiles;

/// <summary>
/// Fourth pass, the scores: queries times a packed block of keys. What relative positions do to a score happens while it is still
/// in registers, by a number for each offset; then it is stored densely for what follows.
/// </summary>
/// <param name="isa">The spellings.</param>
/// <param name="shape">Sums of a sub-tile.</param>
/// <param name="keys">Keys that are scored, from the first of the block on: all or half of them.</param>
internal abstract class ScorePanel(InstructionSet isa, TileShape shape, int keys)
{
    private int SubTiles { get; } = keys / (shape.Vectors * isa.Lanes);

    protected InstructionSet Isa => isa;

    protected TileShape Shape => shape;

    protected int Keys => keys;

    /// <summary>The emitted method's name.</summary>
    protected abstract string Name { get; }

    /// <summary>Pointers to the number of each offset, of which each row of queries has a row of its own: the parameter, and that of a sub-tile.</summary>
    protected abstract (string All, string SubTile) Offsets { get; }

    /// <summary>Pointers to the results: the parameter, and that of a sub-tile.</summary>
    protected abstract (string All, string SubTile) Results { get; }

    /// <summary>Further parameters, led by a comma.</summary>
    protected virtual string MoreParameters => "";

    public void Print(SourceWriter writer)
    {
        int width = shape.Vectors * isa.Lanes;
        Body step = Step(), finish = Finish();
        writer.Line($"// {shape.Rows} × {shape.Vectors} vectors, {SubTiles} sub-tile(s) for {keys} keys. One feature: {OperationCount.Describe(step)}.");
        writer.Line($"// Once a sub-tile: {OperationCount.Describe(finish)}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open($"private static void {Name}(int rows, int features, float* query, nint queryStride, float* keys, float* {Offsets.All}, nint {Offsets.SubTile}Stride, float* {Results.All}{MoreParameters})");
        writer.Open($"for (int row = 0; row < rows; row += {shape.Rows})");
        if (SubTiles > 1) writer.Open($"for (int column = 0; column < {keys}; column += {width})");
        writer.RowPointers("query", "query", "queryStride", shape.Rows);
        writer.Line(SubTiles > 1 ? "float* right = keys + column;" : "float* right = keys;");
        PrintStart(writer);
        writer.Open("for (int k = 0; k < features; k++)");
        writer.Print(isa, step);
        writer.Line($"right += {TileShape.KeyTile};");
        writer.Close();
        string column = SubTiles > 1 ? " + column" : "";
        writer.RowPointers(Offsets.SubTile, $"{Offsets.All}{column}", $"{Offsets.SubTile}Stride", shape.Rows);
        writer.Line($"float* {Results.SubTile} = {Results.All}{column};");
        writer.Print(isa, finish);
        if (SubTiles > 1) writer.Close();
        writer.Line($"query += {shape.Rows} * queryStride;");
        writer.Line($"{Offsets.All} += {shape.Rows} * {Offsets.SubTile}Stride;");
        writer.Line($"{Results.All} += {shape.Rows * TileShape.KeyTile};");
        PrintAdvance(writer);
        writer.Close().Close().Line();
    }

    protected static string Sum(int row, int vector) => $"sum{row}_{vector}";

    protected static string At(string pointer, int distance) => distance == 0 ? pointer : $"{pointer} + {distance}";

    /// <summary>Declares the sums; <c>right</c> points at the block.</summary>
    protected abstract void PrintStart(SourceWriter writer);

    /// <summary>What happens to the sums of a sub-tile.</summary>
    protected abstract Body Finish();

    /// <summary>Moves further pointers to the next rows.</summary>
    protected virtual void PrintAdvance(SourceWriter writer)
    {
    }

    private Body Step()
    {
        var body = new Body();
        for (int v = 0; v < shape.Vectors; v++) body.Load($"right{v}", At("right", v * isa.Lanes));
        for (int i = 0; i < shape.Rows; i++)
        {
            string left = body.Broadcast($"left{i}", $"query{i}[k]");
            for (int v = 0; v < shape.Vectors; v++) body.Assign(Operation.MultiplyAdd, Sum(i, v), left, $"right{v}", Sum(i, v));
        }

        return body;
    }
}
