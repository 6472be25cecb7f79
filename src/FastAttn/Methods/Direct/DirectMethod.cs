using System.Runtime.CompilerServices;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Sums;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// The sums as they stand, in tiles: O(n_q·n_k·(m + d_v)) time, memory linear in n, exact to float32 rounding.
/// Blocks whose coefficients are all zero (causality, −∞, steep decay) are left out.
/// </summary>
/// <param name="isFine">Whether by <see cref="FineBlocks{TKernels}"/>, for tolerances near float32's precision.</param>
internal sealed unsafe class DirectMethod<TKernels>(bool isFine = false) : AttentionMethod
    where TKernels : struct, IKernels
{
    public override Method Kind => Method.Direct;

    public override double Rounding(int features) => SumRounding<TKernels>.OfDirect(isFine);

    /// <summary>Rows hear exactly what they see.</summary>
    public override double KeyLoudness => isFine ? double.PositiveInfinity : UnderflowLoudness;

    public override double ValueLoudness => isFine ? double.PositiveInfinity : UnderflowLoudness;

    /// <summary>Query rows whose features and numerators stay in the second-level cache while the keys stream by.</summary>
    private static int MostTileRows => 32 * TKernels.RowTile;

    /// <summary>
    /// A thread has at least this many tiles if there are the rows, so that all end at about the same time. One thread makes the tiles
    /// of two: a call that finds no helpers has no more scratch than one with them.
    /// </summary>
    private const int LeastTilesPerWorker = 4;

    public override PartialSums Compute(in HeadProblem problem, in RowChunks chunks, Crew crew, ref Arena arena)
    {
        PartialSums sums = TakeSums<TKernels>(problem, ref arena);
        KeyBlocks blocks = KeyBlocks.Pack<TKernels>(problem, crew, ref arena);
        int paddedRows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile), workers = Math.Max(crew.Workers, 2);
        int leastTiles = Math.Max(LeastTilesPerWorker * workers, Padding.RoundUp((paddedRows + MostTileRows - 1) / MostTileRows, workers));
        int tiles = Math.Min(leastTiles, paddedRows / TKernels.RowTile), tileRows = Padding.RoundUp((paddedRows + tiles - 1) / tiles, TKernels.RowTile);
        TileTotals<TKernels>* totals = stackalloc TileTotals<TKernels>[crew.Workers];
        for (int worker = 0; worker < crew.Workers; worker++) totals[worker] = new(isFine, tileRows, sums.NumeratorStride, blocks.Count, ref arena);
        if (arena.IsMeasuring) return sums;

        crew.Run(new Tiles(problem, blocks, sums, tiles, paddedRows / TKernels.RowTile, totals), tiles);
        SetUnderflowErrors(problem, sums);
        sums.LogScale = problem.KeyLogScale + problem.Position.LogMax;
        Close(problem, sums, chunks, crew);
        return sums;
    }

    /// <summary>
    /// Adds key blocks <paramref name="firstBlock"/> … <paramref name="endBlock"/>−1 to rows; returns whether any of them had a coefficient that is not zero.
    /// </summary>
    public static bool AddBlocks(in HeadProblem problem, CoefficientWindow coefficients, KeyBlocks blocks, in TileTarget target, int firstBlock, int endBlock)
    {
        bool any = false;
        if (coefficients.IsEmpty) return any;
        for (int block = firstBlock; block < endBlock; block++)
        {
            int key = block * KernelShape.KeyTile, middle = key + KernelShape.HalfTile;
            if (problem.Layout.IsLine)
            {
                // Along the edges of what is visible, rows see one half of the block only. The first half's rows begin and end first.
                TileRows firstHalf = RowsOf(problem, coefficients, key, middle, target.First, target.Rows);
                TileRows secondHalf = RowsOf(problem, coefficients, middle, middle + KernelShape.HalfTile, target.First, target.Rows);
                int onlyFirst = Math.Min(firstHalf.End, secondHalf.First), onlySecond = Math.Max(firstHalf.End, secondHalf.First);
                any |= AddKeys(problem, coefficients, blocks, key, KernelShape.HalfTile, target, firstHalf with { End = onlyFirst });
                any |= AddKeys(problem, coefficients, blocks, key, KernelShape.KeyTile, target, new TileRows(secondHalf.First, firstHalf.End));
                any |= AddKeys(problem, coefficients, blocks, middle, KernelShape.HalfTile, target, secondHalf with { First = onlySecond });
            }
            else
            {
                TileRows range = RowsOf(problem, coefficients, key, key + KernelShape.KeyTile, target.First, target.Rows);
                if (range.First >= range.End) continue;
                any = true;
                AddGridTile(problem, coefficients, blocks, block, target, range);
            }
        }

        return any;
    }

    /// <summary>
    /// The rows with a nonzero coefficient among keys <paramref name="key"/> … <paramref name="endKey"/>−1, rounded to whole register
    /// tiles and counted from <paramref name="first"/>: row i has FirstNonZero ≤ j − i + Offset ≤ LastNonZero for some key j.
    /// </summary>
    public static TileRows RowsOf(in HeadProblem problem, CoefficientWindow coefficients, int key, int endKey, int first, int rows)
    {
        TokenLayout layout = problem.Layout;
        int lastKey = Math.Min(endKey, problem.KeyCount) - 1;
        if (lastKey < key) return new TileRows(rows, rows);
        if (layout.Specials > 0) return new TileRows(0, Padding.RoundUp(rows, TKernels.RowTile));
        long from = Math.Max(layout.TokensBefore((long)layout.Place(key) + problem.Offset - coefficients.LastNonZero) - first, 0);
        long end = Math.Min(layout.TokensBefore((long)layout.Place(lastKey) + problem.Offset - coefficients.FirstNonZero + 1) - first, rows);
        int start = (int)Math.Min(from, rows) / TKernels.RowTile * TKernels.RowTile;
        return new TileRows(start, Math.Max(Padding.RoundUp((int)Math.Max(end, 0), TKernels.RowTile), start));
    }

    /// <summary>On a grid the coefficients of a tile lie scattered on the line, and are gathered for a few rows at a time, which stay in the first-level cache.</summary>
    [SkipLocalsInit]
    private static void AddGridTile(
        in HeadProblem problem, CoefficientWindow coefficients, KeyBlocks blocks, int block, in TileTarget target, TileRows range)
    {
        int most = 4 * TKernels.RowTile;
        float* tile = stackalloc float[most * GridTile.Stride];
        for (int from = range.First, next; from < range.End; from = next)
        {
            next = Math.Min(from + most, range.End);
            GridTile.Gather<TKernels>(
                problem.Layout, coefficients.From(problem.Offset), target.First + from, next - from, problem.QueryCount, block * KernelShape.KeyTile, problem.KeyCount, tile);
            AddTile(problem, blocks, block * KernelShape.KeyTile, KernelShape.KeyTile, target, new TileRows(from, next), new TileCoefficients(tile, GridTile.Stride));
        }
    }

    /// <summary>Adds a block of keys, or half of one, to a range of rows of a sequence; false when the range is empty.</summary>
    private static bool AddKeys(
        in HeadProblem problem, CoefficientWindow coefficients, KeyBlocks blocks, int key, int keyCount, in TileTarget target, TileRows range)
    {
        if (range.First >= range.End) return false;
        float* ofFirstRow = coefficients.From((long)key - target.First - range.First + problem.Offset);
        AddTile(problem, blocks, key, keyCount, target, range, new TileCoefficients(ofFirstRow, -1));
        return true;
    }

    private static void AddTile(
        in HeadProblem problem, KeyBlocks blocks, int key, int keyCount, in TileTarget target, TileRows range, TileCoefficients coefficients)
    {
        int block = key / KernelShape.KeyTile, skipped = key % KernelShape.KeyTile, columns = target.Sums.NumeratorStride;
        long row = target.First + range.First;
        TKernels.AttentionTile(
            range.End - range.First, keyCount, problem.Features, columns,
            problem.Query + (row * problem.FeatureStride), problem.FeatureStride,
            blocks.Keys(block) + skipped, coefficients.OfFirstRow, coefficients.Stride,
            blocks.Values(block) + (skipped * blocks.ValueStride), blocks.ValueStride,
            target.Sums.Numerators + (row * columns), columns,
            target.LaneSums + ((long)range.First * TKernels.Lanes));
    }

    /// <summary>Rows from <paramref name="First"/> to before <paramref name="End"/>; none when the two are equal or the wrong way round.</summary>
    public readonly record struct TileRows(int First, int End);

    /// <summary>
    /// Tiles of query rows, whose sizes differ by no more than a register tile. The last and the first ones by turns, from the ends on:
    /// causal rows cost the more the later they are, and so tiles that lie together in this order cost the same as any others.
    /// </summary>
    private readonly struct Tiles(
        HeadProblem problem, KeyBlocks blocks, PartialSums sums, int tiles, int registerTiles, TileTotals<TKernels>* totals) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int tile = index % 2 == 0 ? tiles - 1 - (index / 2) : index / 2;
            int first = FirstRow(tile);
            totals[worker].Sum(problem, problem.Position.Window, blocks, sums, first, FirstRow(tile + 1) - first);
        }

        private int FirstRow(int tile) => (int)((long)registerTiles * tile / tiles) * TKernels.RowTile;
    }
}
