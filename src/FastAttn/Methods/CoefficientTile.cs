using FastAttn.Kernels;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>The coefficients between a few queries and one block of keys of a grid, as the tile kernels take them.</summary>
internal static unsafe class CoefficientTile
{
    /// <summary>Floats between rows: a block of keys, and room for the last vector to reach beyond it.</summary>
    public const int Stride = KernelShape.KeyTile + 16;

    /// <summary>
    /// Gathers <c>[rows, Stride]</c>. Keys of one row of the grid lie side by side on the line of coefficients, and from a query to the
    /// next in its row they move by one place. Rows and columns beyond the data become finite numbers.
    /// </summary>
    public static void Gather<TKernels>(in HeadProblem problem, CoefficientWindow coefficients, int firstQuery, int rows, int firstKey, float* tile)
        where TKernels : struct, IRowKernels
    {
        TokenLayout layout = problem.Layout;
        int queryEnd = Math.Min(firstQuery + rows, problem.QueryCount), keyEnd = Math.Min(firstKey + KernelShape.KeyTile, problem.KeyCount);
        if (queryEnd < firstQuery + rows || keyEnd < firstKey + KernelShape.KeyTile) new Span<float>(tile, rows * Stride).Clear();
        for (int query = firstQuery, nextQuery; query < queryEnd; query = nextQuery)
        {
            nextQuery = Math.Min(layout.RowEnd(query), queryEnd);
            float* source = coefficients.From(problem.OffsetBetween(query, firstKey)), target = tile + ((query - firstQuery) * Stride);
            for (int key = firstKey, nextKey = layout.RowEnd(firstKey); key < keyEnd; key = nextKey, nextKey += layout.Width)
            {
                int count = Math.Min(nextKey, keyEnd) - key;
                TKernels.CopyRows(source, -1, nextQuery - query, count, target, Stride);
                source += count + layout.Width - 1;
                target += count;
            }
        }
    }
}
