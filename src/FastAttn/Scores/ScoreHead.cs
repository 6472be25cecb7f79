using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Scores;

/// <summary>
/// Attention of one head, exact to float32 rounding (Dao et al. 2022, with references that are raised lazily): keys are packed, then tiles
/// of queries are computed; pieces of both stages are dealt to the crew. Memory is linear in n.
/// </summary>
internal static unsafe class ScoreHead<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>Blocks of keys that are packed in one piece.</summary>
    private const int PackedBlocks = 8;

    /// <summary>Tiles that each thread gets at least, where the smallest tile allows it: who is ready first waits for one tile.</summary>
    private const int TilesPerThread = 8;

    /// <summary>Query rows of the largest tile, a multiple of those of the smallest: more read keys more seldom, but leave the second-level cache.</summary>
    private static int MostRows => 32 * TKernels.RowTile;

    /// <summary>Query rows of the smallest tile: as many as a kernel keeps the weights of.</summary>
    private static int FewestRows => 4 * TKernels.RowTile;

    /// <summary>Computes and stores all rows; scratch comes from the arena and is given back.</summary>
    public static void Run(in ScoreProblem problem, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        ScoreKeys keys = ScoreKeys.Take<TKernels>(problem, crew.Workers, ref arena);
        int queries = problem.Query.Count, most = MostTileRows(queries, crew.Workers), tiles = (queries + most - 1) / most;
        Arena measuring = Arena.Measuring;
        _ = new ScoreTile<TKernels>(problem, keys, most, ref measuring);
        byte* scratch = arena.Take<byte>(crew.Workers * measuring.Peak);
        if (!arena.IsMeasuring)
        {
            if (problem.IsGaussian) GaussianFrame.FindCentre<TKernels>(problem, keys.Centre);
            crew.Run(new Packing(problem, keys), (keys.Blocks + PackedBlocks - 1) / PackedBlocks);
            int rows = Padding.RoundUp((queries + tiles - 1) / tiles, TKernels.RowTile);
            crew.Run(new Tiles(problem, keys, rows, tiles, scratch, measuring.Peak), tiles);
        }

        arena.Release(mark);
    }

    /// <summary>
    /// Rows that a tile may have, whole register tiles; never fewer for more queries, so that scratch for many is scratch for few. What a row yields does not depend on it.
    /// </summary>
    private static int MostTileRows(int queries, int workers)
    {
        int share = Math.Min(queries / (TilesPerThread * workers), MostRows);
        int most = workers == 1 ? MostRows : Math.Max(share / FewestRows * FewestRows, FewestRows);
        return Math.Min(most, Padding.RoundUp(queries, TKernels.RowTile));
    }

    private readonly struct Packing(ScoreProblem problem, ScoreKeys keys) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int end = Math.Min((index + 1) * PackedBlocks, keys.Blocks);
            for (int block = index * PackedBlocks; block < end; block++) keys.Pack<TKernels>(problem, block, worker);
        }
    }

    /// <summary>Tiles of queries, the last ones first: under causality they are the longest work.</summary>
    private readonly struct Tiles(ScoreProblem problem, ScoreKeys keys, int rows, int tiles, byte* scratch, long scratchBytes) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = (tiles - 1 - index) * rows;
            var arena = new Arena(scratch + (worker * scratchBytes), scratchBytes);
            new ScoreTile<TKernels>(problem, keys, rows, ref arena).Compute(first, Math.Min(rows, problem.Query.Count - first));
        }
    }
}
