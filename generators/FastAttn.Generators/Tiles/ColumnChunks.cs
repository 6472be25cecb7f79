using System.Collections.Generic;
using System.Linq;

namespace FastAttn.Generators.Tiles;

/// <summary>Third pass: a fixed number of columns, cut into chunks that fit the tile and differ by at most one vector.</summary>
internal static class ColumnChunks
{
    /// <summary>The vectors of each chunk, wider chunks first: 5 vectors in a tile of 4 are 3 + 2, because 4 + 1 would starve.</summary>
    public static IReadOnlyList<int> Of(int vectors, TileShape shape)
    {
        int chunks = (vectors + shape.Vectors - 1) / shape.Vectors;
        return Enumerable.Range(0, chunks).Select(chunk => (vectors + chunks - 1 - chunk) / chunks).ToArray();
    }
}
