using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Sums;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// The pairs that special tokens beside a grid take part in. They have no place in the transform, and are summed in direct tiles: every query against the
/// few blocks of keys that hold special ones, and the few tiles of queries that hold special ones against all keys. Pairs of the grid in these tiles have
/// coefficients of zero.
/// </summary>
internal readonly unsafe struct SpecialPairs<TKernels>(TokenLayout layout)
    where TKernels : struct, IKernels
{
    /// <summary>Blocks of keys whose sums are added up in float32 before they join the total.</summary>
    private const int BlocksPerPart = 16;

    /// <summary>Rows of a tile, as many as have their coefficients gathered at a time.</summary>
    private static int TileRows => 4 * TKernels.RowTile;

    /// <summary>The grid alone.</summary>
    public HeadProblem OfGrid(in HeadProblem problem)
    {
        HeadProblem grid = problem;
        grid.QueryCount = grid.KeyCount = layout.GridTokens;
        grid.Query += (long)layout.Prefix * problem.FeatureStride;
        grid.Key += (long)layout.Prefix * problem.FeatureStride;
        grid.Values = problem.Values.Slice(layout.Prefix, layout.GridTokens);
        grid.ValueNorm += layout.Prefix;
        return grid;
    }

    /// <summary>The sums of the grid's queries.</summary>
    public PartialSums OfGrid(in PartialSums sums)
    {
        PartialSums grid = sums;
        grid.Numerators += (long)layout.Prefix * sums.NumeratorStride;
        grid.Denominators += layout.Prefix;
        grid.NumeratorErrors += layout.Prefix;
        grid.DenominatorErrors += layout.Prefix;
        return grid;
    }

    /// <summary>Adds the pairs to <paramref name="sums"/>, which hold those of the grid; rows of special queries may hold anything.</summary>
    public void Add(in HeadProblem problem, in PartialSums sums, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        HeadPosition position = problem.Position;
        var blocks = KeyBlocks.Pack<TKernels>(problem, crew, ref arena);
        int offsets = position.LastOffset - position.FirstOffset + 1;
        float* coefficients = arena.Take<float>(offsets), parts = arena.Take<float>((long)crew.Workers * TileRows * sums.NumeratorStride);
        float* laneSums = arena.Take<float>((long)crew.Workers * TileRows * TKernels.Lanes);
        if (!arena.IsMeasuring)
        {
            int special = layout.FirstSpecialOffset - position.FirstOffset, paddedRows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile);
            Clearing.Clear(coefficients, special);
            new ReadOnlySpan<float>(position.Coefficients + layout.FirstSpecialOffset, layout.SpecialOffsets).CopyTo(new Span<float>(coefficients + special, layout.SpecialOffsets));
            ClearRows(sums, 0, layout.Prefix);
            ClearRows(sums, layout.Prefix + layout.GridTokens, paddedRows);
            var window = new CoefficientWindow((nint)(coefficients - position.FirstOffset), layout.FirstSpecialOffset, position.LastOffset);
            crew.Run(new Tiles(layout, problem, blocks, window, sums, paddedRows, parts, laneSums), (paddedRows + TileRows - 1) / TileRows);
        }

        arena.Release(mark);
    }

    private static void ClearRows(in PartialSums sums, int first, int end)
    {
        Clearing.Clear(sums.Numerators + ((long)first * sums.NumeratorStride), (long)(end - first) * sums.NumeratorStride);
        new Span<float>(sums.Denominators + first, end - first).Clear();
    }

    /// <summary>Tiles of queries; those that hold special ones meet all keys, others the blocks of special ones.</summary>
    private readonly struct Tiles(
        TokenLayout layout, HeadProblem problem, KeyBlocks blocks, CoefficientWindow coefficients, PartialSums sums, int paddedRows, float* parts, float* laneSums) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = index * TileRows, end = Math.Min(first + TileRows, paddedRows);
            int prefixEnd = (layout.Prefix + KernelShape.KeyTile - 1) / KernelShape.KeyTile, gridEnd = layout.Prefix + layout.GridTokens;
            int suffixBlock = layout.Suffix > 0 ? gridEnd / KernelShape.KeyTile : blocks.Count;
            if (first < layout.Prefix || end > gridEnd) prefixEnd = suffixBlock = blocks.Count;
            Add(first, end - first, 0, prefixEnd, worker);
            Add(first, end - first, Math.Max(prefixEnd, suffixBlock), blocks.Count, worker);
        }

        private void Add(int first, int rows, int block, int endBlock, int worker)
        {
            int floats = rows * sums.NumeratorStride;
            float* part = parts + ((long)worker * TileRows * sums.NumeratorStride), lanes = laneSums + ((long)worker * TileRows * TKernels.Lanes);
            PartialSums partSums = sums;
            partSums.Numerators = part - ((long)first * sums.NumeratorStride);
            for (int end; block < endBlock; block = end)
            {
                end = Math.Min(block + BlocksPerPart, endBlock);
                new Span<float>(part, floats).Clear();
                new Span<float>(lanes, rows * TKernels.Lanes).Clear();
                if (!DirectMethod<TKernels>.AddBlocks(problem, coefficients, blocks, new TileTarget(partSums, first, rows, lanes), block, end)) continue;
                TKernels.AddScaled(part, sums.Numerators + ((long)first * sums.NumeratorStride), floats, 1);
                LaneSums.MoveTo<TKernels>(sums.Denominators + first, lanes, rows);
            }
        }
    }
}
