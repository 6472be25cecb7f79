using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Tiles;

/// <summary>Scores of kernelized attention: multiplied by the coefficient of each offset and summed by lanes for the denominators.</summary>
internal sealed class CoefficientPanel(InstructionSet isa, TileShape shape, int keys) : ScorePanel(isa, shape.ForKeys(keys, isa), keys)
{
    protected override string Name => Method(Keys);

    protected override (string All, string SubTile) Offsets => ("coefficients", "coefficient");

    protected override (string All, string SubTile) Results => ("weights", "weight");

    public static string Method(int keys) => keys == TileShape.KeyTile ? "WeighKeys" : "WeighHalfKeys";

    protected override string MoreParameters => ", float* rowSums";

    protected override void PrintStart(SourceWriter writer)
    {
        var body = new Body();
        for (int i = 0; i < Shape.Rows; i++)
        {
            for (int v = 0; v < Shape.Vectors; v++) body.Declare(Operation.Zero, Sum(i, v));
        }

        writer.Print(Isa, body);
    }

    protected override Body Finish()
    {
        var body = new Body();
        for (int i = 0; i < Shape.Rows; i++)
        {
            string total = body.Load($"total{i}", At("rowSums", i * Isa.Lanes));
            for (int v = 0; v < Shape.Vectors; v++)
            {
                string coefficient = body.Load($"coefficient{i}_{v}", At($"coefficient{i}", v * Isa.Lanes));
                body.Assign(Operation.Multiply, Sum(i, v), Sum(i, v), coefficient);
                body.Assign(Operation.Add, total, total, Sum(i, v));
                body.Store(At("weight", (i * TileShape.KeyTile) + (v * Isa.Lanes)), Sum(i, v));
            }

            body.Store(At("rowSums", i * Isa.Lanes), total);
        }

        return body;
    }

    protected override void PrintAdvance(SourceWriter writer) => writer.Line($"rowSums += {Shape.Rows * Isa.Lanes};");
}
