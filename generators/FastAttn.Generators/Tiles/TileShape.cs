using System;
using FastAttn.Generators.Isa;

namespace FastAttn.Generators.Tiles;

/// <summary>Second pass: how many rows and vectors of the result stay in registers.</summary>
/// <param name="Rows">Rows of the tile.</param>
/// <param name="Vectors">Vectors in each row.</param>
internal readonly record struct TileShape(int Rows, int Vectors)
{
    /// <summary>Keys in a packed block; every instruction set packs alike.</summary>
    public const int KeyTile = 64;

    /// <summary>Keys of a block that are visited by themselves where the others have no weight.</summary>
    public const int HalfTile = KeyTile / 2;

    /// <summary>Two multiply-adds start a cycle and take four: fewer sums than this leave the pipes waiting.</summary>
    public const int SumsInFlight = 8;

    /// <summary>Register tiles of weights between the two products: enough to spread the cost of a call, few enough for L1.</summary>
    public const int TilesInFlight = 4;

    /// <summary>
    /// The shape with the most multiply-adds for each load. A tile of r × v sums needs r·v + v + 1 registers (the sums, one row
    /// of the right factor, one broadcast) and loads r + v times for r·v multiply-adds. The vectors must divide a key block.
    /// </summary>
    public static TileShape For(InstructionSet isa)
    {
        var best = new TileShape(1, 1);
        for (int vectors = 1; vectors <= KeyTile / isa.Lanes; vectors++)
        {
            int rows = (isa.Registers - 1 - isa.MultiplyAddTemporaries - vectors) / vectors;
            var shape = new TileShape(rows, vectors);
            if (rows > 0 && KeyTile / isa.Lanes % vectors == 0 && shape.WorkPerLoad > best.WorkPerLoad) best = shape;
        }

        return best;
    }

    /// <summary>Rows whose weights are in L1 between the two products.</summary>
    public int RowsInFlight => TilesInFlight * Rows;

    /// <summary>The same, no wider than so many keys.</summary>
    public TileShape ForKeys(int keys, InstructionSet isa) => this with { Vectors = Math.Min(Vectors, keys / isa.Lanes) };

    private double WorkPerLoad => (double)(Rows * Vectors) / (Rows + Vectors);
}
