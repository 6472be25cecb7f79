using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Tiles;

/// <summary>
/// Fourth pass, the scores: queries times a packed block of keys, multiplied by the coefficient of each offset while still in
/// registers, stored densely for the product with the values and summed by lanes for the denominators.
/// </summary>
internal sealed class ScorePanel(InstructionSet isa, TileShape shape)
{
    public const string Name = "WeighKeys";

    private int SubTiles { get; } = TileShape.KeyTile / (shape.Vectors * isa.Lanes);

    public void Print(SourceWriter writer)
    {
        int width = shape.Vectors * isa.Lanes;
        Body step = Step(), weigh = Weigh();
        writer.Line($"// {shape.Rows} × {shape.Vectors} vectors, {SubTiles} sub-tile(s) for {TileShape.KeyTile} keys. One feature: {OperationCount.Describe(step)}.");
        writer.Line($"// Once a sub-tile: {OperationCount.Describe(weigh)}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open($"private static void {Name}(int rows, int features, float* query, nint queryStride, float* keys, float* coefficients, nint coefficientStride, float* weights, float* rowSums)");
        writer.Open($"for (int row = 0; row < rows; row += {shape.Rows})");
        if (SubTiles > 1) writer.Open($"for (int column = 0; column < {TileShape.KeyTile}; column += {width})");
        writer.RowPointers("query", "query", "queryStride", shape.Rows);
        writer.Print(isa, Zeros());
        writer.Line(SubTiles > 1 ? "float* right = keys + column;" : "float* right = keys;");
        writer.Open("for (int k = 0; k < features; k++)");
        writer.Print(isa, step);
        writer.Line($"right += {TileShape.KeyTile};");
        writer.Close();
        string column = SubTiles > 1 ? " + column" : "";
        writer.RowPointers("coefficient", $"coefficients{column}", "coefficientStride", shape.Rows);
        writer.Line($"float* weight = weights{column};");
        writer.Print(isa, weigh);
        if (SubTiles > 1) writer.Close();
        writer.Line($"query += {shape.Rows} * queryStride;");
        writer.Line($"coefficients += {shape.Rows} * coefficientStride;");
        writer.Line($"weights += {shape.Rows * TileShape.KeyTile};");
        writer.Line($"rowSums += {shape.Rows * isa.Lanes};");
        writer.Close().Close().Line();
    }

    private static string Sum(int row, int vector) => $"sum{row}_{vector}";

    private static string Offset(string pointer, int distance) => distance == 0 ? pointer : $"{pointer} + {distance}";

    private Body Zeros()
    {
        var body = new Body();
        for (int i = 0; i < shape.Rows; i++)
        {
            for (int v = 0; v < shape.Vectors; v++) body.Declare(Operation.Zero, Sum(i, v));
        }

        return body;
    }

    private Body Step()
    {
        var body = new Body();
        for (int v = 0; v < shape.Vectors; v++) body.Load($"right{v}", Offset("right", v * isa.Lanes));
        for (int i = 0; i < shape.Rows; i++)
        {
            string left = body.Broadcast($"left{i}", $"query{i}[k]");
            for (int v = 0; v < shape.Vectors; v++) body.Assign(Operation.MultiplyAdd, Sum(i, v), left, $"right{v}", Sum(i, v));
        }

        return body;
    }

    private Body Weigh()
    {
        var body = new Body();
        for (int i = 0; i < shape.Rows; i++)
        {
            string total = body.Load($"total{i}", Offset("rowSums", i * isa.Lanes));
            for (int v = 0; v < shape.Vectors; v++)
            {
                string coefficient = body.Load($"coefficient{i}_{v}", Offset($"coefficient{i}", v * isa.Lanes));
                body.Assign(Operation.Multiply, Sum(i, v), Sum(i, v), coefficient);
                body.Assign(Operation.Add, total, total, Sum(i, v));
                body.Store(Offset("weight", (i * TileShape.KeyTile) + (v * isa.Lanes)), Sum(i, v));
            }

            body.Store(Offset("rowSums", i * isa.Lanes), total);
        }

        return body;
    }
}
