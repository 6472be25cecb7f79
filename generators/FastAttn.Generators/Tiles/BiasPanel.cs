using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Tiles;

/// <summary>
/// Scores of softmax attention: the bias of each offset is added at the end. The sums start from the first row of the block, one
/// number a key, which is −∞ for a key that nobody sees: a mask costs nothing.
/// </summary>
internal sealed class BiasPanel(InstructionSet isa, TileShape shape) : ScorePanel(isa, shape, TileShape.KeyTile)
{
    public const string Method = "ScoreKeys";

    protected override string Name => Method;

    protected override (string All, string SubTile) Offsets => ("biases", "bias");

    protected override (string All, string SubTile) Results => ("scores", "score");

    protected override void PrintStart(SourceWriter writer)
    {
        var body = new Body();
        for (int i = 0; i < Shape.Rows; i++)
        {
            for (int v = 0; v < Shape.Vectors; v++) body.Load(Sum(i, v), At("right", v * Isa.Lanes));
        }

        writer.Print(Isa, body);
        writer.Line($"right += {TileShape.KeyTile};");
    }

    protected override Body Finish()
    {
        var body = new Body();
        for (int i = 0; i < Shape.Rows; i++)
        {
            for (int v = 0; v < Shape.Vectors; v++)
            {
                string bias = body.Load($"bias{i}_{v}", At($"bias{i}", v * Isa.Lanes));
                body.Assign(Operation.Add, Sum(i, v), Sum(i, v), bias);
                body.Store(At("score", (i * TileShape.KeyTile) + (v * Isa.Lanes)), Sum(i, v));
            }
        }

        return body;
    }
}
