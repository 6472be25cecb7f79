using System.Runtime.CompilerServices;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// The sums as they stand, in tiles: O(n_q·n_k·(m + d_v)) time, memory linear in n, exact to float32 rounding.
/// Blocks whose coefficients are all zero (causality, −∞, steep decay) are passed over.
/// </summary>
internal sealed unsafe class DirectMethod<TKernels> : AttentionMethod
    where TKernels : struct, IKernels
{
    public override Method Kind => Method.Direct;

    /// <summary>Query rows whose features and numerators stay in the second-level cache while the keys stream by.</summary>
    private static int MostTileRows => 32 * TKernels.RowTile;

    /// <summary>A head has at least this many tiles if it has the rows, so that threads end at about the same time.</summary>
    private const int LeastTiles = 16;

    /// <summary>
    /// Blocks that are summed apart before they join the total: a float32 running sum over many keys drifts. Sixteen blocks are
    /// a thousand keys, so that a million keys are a thousand sums of a thousand.
    /// </summary>
    private const int BlocksPerPart = 16;

    public override PartialSums Compute(in HeadProblem problem, Crew crew, ref Arena arena)
    {
        PartialSums sums = TakeSums<TKernels>(problem, 0, ref arena);
        KeyBlocks blocks = KeyBlocks.Pack<TKernels>(problem, crew, ref arena);
        int paddedRows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile);
        int tileRows = Math.Min(Padding.RoundUp((problem.QueryCount + LeastTiles - 1) / LeastTiles, TKernels.RowTile), MostTileRows);
        float* rowSums = arena.Take<float>((long)crew.Workers * tileRows * TKernels.Lanes);
        float* parts = arena.Take<float>((long)crew.Workers * tileRows * sums.NumeratorStride);
        if (arena.IsMeasuring) return sums;

        crew.Run(new Tiles(problem, blocks, sums, paddedRows, tileRows, parts, rowSums), (paddedRows + tileRows - 1) / tileRows);
        SetUnderflowErrors(problem, sums);
        sums.LogScale = problem.KeyLogScale + problem.Position.LogMax;
        return sums;
    }

    /// <summary>
    /// Adds key blocks <paramref name="firstBlock"/> … <paramref name="endBlock"/>−1 to query rows <paramref name="first"/> …;
    /// returns whether any of them had a coefficient that is not zero.
    /// </summary>
    public static bool AddBlocks(
        in HeadProblem problem, CoefficientWindow coefficients, KeyBlocks blocks, in PartialSums sums,
        int first, int rows, int firstBlock, int endBlock, float* rowSums)
    {
        const int Tile = KernelShape.KeyTile;
        bool any = false;
        if (coefficients.IsEmpty) return any;
        TokenLayout layout = problem.Layout;
        for (int block = firstBlock; block < endBlock; block++)
        {
            // Rows i with a nonzero coefficient in this block: FirstNonZero ≤ j − i + Offset ≤ LastNonZero for some j of it.
            int key = block * Tile, lastKey = Math.Min(key + Tile, problem.KeyCount) - 1;
            long from = Math.Max(layout.TokensBefore((long)layout.Place(key) + problem.Offset - coefficients.LastNonZero), first);
            long to = Math.Min(layout.TokensBefore((long)layout.Place(lastKey) + problem.Offset - coefficients.FirstNonZero + 1), first + rows) - 1;
            if (from > to) continue;
            any = true;
            int skipped = (int)(from - first) / TKernels.RowTile * TKernels.RowTile;
            int count = Padding.RoundUp((int)(to - first) + 1 - skipped, TKernels.RowTile);
            int row = first + skipped;
            float* lanes = rowSums + ((long)skipped * TKernels.Lanes);
            if (layout.IsLine) AddTile(problem, blocks, block, sums, row, count, coefficients.From((long)key - row + problem.Offset), -1, lanes);
            else AddGridTile(problem, coefficients, blocks, block, sums, row, count, lanes);
        }

        return any;
    }

    /// <summary>On a grid the coefficients of a tile lie scattered on the line, and are gathered for a few rows at a time, which stay in the first-level cache.</summary>
    [SkipLocalsInit]
    private static void AddGridTile(
        in HeadProblem problem, CoefficientWindow coefficients, KeyBlocks blocks, int block, in PartialSums sums, int row, int rows, float* rowSums)
    {
        int most = 4 * TKernels.RowTile;
        float* tile = stackalloc float[most * GridTile.Stride];
        for (; rows > 0; rows -= most)
        {
            int count = Math.Min(rows, most);
            GridTile.Gather<TKernels>(
                problem.Layout, coefficients.From(problem.Offset), row, count, problem.QueryCount, block * KernelShape.KeyTile, problem.KeyCount, tile);
            AddTile(problem, blocks, block, sums, row, count, tile, GridTile.Stride, rowSums);
            row += count;
            rowSums += count * TKernels.Lanes;
        }
    }

    private static void AddTile(
        in HeadProblem problem, KeyBlocks blocks, int block, in PartialSums sums, int row, int rows, float* coefficients, nint coefficientStride,
        float* rowSums) =>
        TKernels.AttentionTile(
            rows, problem.Features, sums.NumeratorStride,
            problem.Query + ((long)row * problem.FeatureStride), problem.FeatureStride,
            blocks.Keys(block), coefficients, coefficientStride,
            blocks.Values(block), blocks.ValueStride,
            sums.Numerators + ((long)row * sums.NumeratorStride), sums.NumeratorStride,
            rowSums);

    /// <summary>Tiles of query rows, the last ones first: causal rows cost the more the later they are.</summary>
    private readonly struct Tiles(
        HeadProblem problem, KeyBlocks blocks, PartialSums sums, int paddedRows, int tileRows, float* parts, float* rowSums) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = ((paddedRows - 1) / tileRows - index) * tileRows, rows = Math.Min(tileRows, paddedRows - first);
            int floats = rows * sums.NumeratorStride;
            float* total = sums.Numerators + ((long)first * sums.NumeratorStride);
            float* part = parts + ((long)worker * tileRows * sums.NumeratorStride), laneSums = rowSums + ((long)worker * tileRows * TKernels.Lanes);
            new Span<float>(sums.Denominators + first, rows).Clear();
            new Span<float>(total, floats).Clear();
            new Span<float>(laneSums, rows * TKernels.Lanes).Clear();
            if (blocks.Count <= BlocksPerPart)
            {
                AddBlocks(problem, problem.Position.Window, blocks, sums, first, rows, 0, blocks.Count, laneSums);
                LaneSums.MoveTo<TKernels>(sums.Denominators + first, laneSums, rows);
                return;
            }

            PartialSums partSums = sums;
            partSums.Numerators = part - ((long)first * sums.NumeratorStride);
            new Span<float>(part, floats).Clear();
            for (int block = 0; block < blocks.Count; block += BlocksPerPart)
            {
                int end = Math.Min(block + BlocksPerPart, blocks.Count);
                if (!AddBlocks(problem, problem.Position.Window, blocks, partSums, first, rows, block, end, laneSums)) continue;
                TKernels.AddScaled(part, total, floats, 1);
                new Span<float>(part, floats).Clear();
                LaneSums.MoveTo<TKernels>(sums.Denominators + first, laneSums, rows);
            }
        }
    }
}
