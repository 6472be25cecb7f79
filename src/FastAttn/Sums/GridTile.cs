using FastAttn.Kernels;
using FastAttn.Positions;

namespace FastAttn.Sums;

/// <summary>The numbers of the offsets between a few queries and one block of keys of a grid, as the tile kernels take them.</summary>
internal static unsafe class GridTile
{
    /// <summary>Floats between rows: a block of keys, and room for the last vector to reach beyond it.</summary>
    public const int Stride = KernelShape.KeyTile + 16;

    /// <summary>
    /// Gathers <c>[rows, Stride]</c>. Keys of one row of the grid lie side by side on the line of offsets, and from a query to the
    /// next in its row they move by one place. Rows and columns beyond the data become finite numbers.
    /// </summary>
    /// <param name="layout">The grid.</param>
    /// <param name="atZero">Points at the number of the offset at which place 0 meets place 0.</param>
    /// <param name="firstQuery">The first query, below <paramref name="queryCount"/>.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="queryCount">Queries that there are.</param>
    /// <param name="firstKey">The first key of the block, below <paramref name="keyCount"/>.</param>
    /// <param name="keyCount">Keys that there are.</param>
    /// <param name="tile">The tile.</param>
    public static void Gather<TKernels>(
        TokenLayout layout, float* atZero, int firstQuery, int rows, int queryCount, int firstKey, int keyCount, float* tile)
        where TKernels : struct, IRowKernels
    {
        int queryEnd = Math.Min(firstQuery + rows, queryCount), keyEnd = Math.Min(firstKey + KernelShape.KeyTile, keyCount);
        if (queryEnd < firstQuery + rows || keyEnd < firstKey + KernelShape.KeyTile) new Span<float>(tile, rows * Stride).Clear();
        for (int query = firstQuery, nextQuery; query < queryEnd; query = nextQuery)
        {
            nextQuery = Math.Min(layout.RowEnd(query), queryEnd);
            float* target = tile + ((query - firstQuery) * Stride);
            for (int key = firstKey, nextKey; key < keyEnd; key = nextKey)
            {
                nextKey = Math.Min(layout.RowEnd(key), keyEnd);
                float* source = atZero + layout.Offset(query, key);
                if (layout.IsSpecial(query) || layout.IsSpecial(key)) Fill(*source, nextQuery - query, nextKey - key, target);
                else TKernels.CopyRows(source, -1, nextQuery - query, nextKey - key, target, Stride);
                target += nextKey - key;
            }
        }
    }

    /// <summary>A special token meets all tokens that stand beside each other at one offset.</summary>
    private static void Fill(float number, int rows, int columns, float* target)
    {
        for (int row = 0; row < rows; row++) new Span<float>(target + (row * Stride), columns).Fill(number);
    }
}
