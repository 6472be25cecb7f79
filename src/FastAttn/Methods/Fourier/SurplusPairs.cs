using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Sums;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// The pairs that a transform leaves out of a line with a few tokens more than it has places. They are summed in direct tiles, which
/// costs less than the next length: every query against the keys that are left over, and the queries that are left over against the
/// other keys.
/// </summary>
/// <param name="queries">Queries that are transformed, all of them or whole register tiles.</param>
/// <param name="keys">Keys that are transformed, all of them or whole blocks.</param>
internal readonly unsafe struct SurplusPairs<TKernels>(int queries, int keys)
    where TKernels : struct, IKernels
{
    /// <summary>Blocks of keys whose sums are added up in float32 before they join the total.</summary>
    private const int BlocksPerPart = 16;

    /// <summary>Rows that meet the surplus keys at a time.</summary>
    private static int TileRows => 32 * TKernels.RowTile;

    /// <summary>Lane sums of one worker: surplus queries are fewer rows than a tile has.</summary>
    private static long LaneFloats => (long)TileRows * TKernels.Lanes;

    /// <summary>What a transform of this length leaves out.</summary>
    public static SurplusPairs<TKernels> Beyond(int length, in HeadProblem problem) =>
        new(problem.QueryCount <= length ? problem.QueryCount : length / TKernels.RowTile * TKernels.RowTile, Math.Min(problem.KeyCount, length));

    /// <summary>The problem without them.</summary>
    public HeadProblem Transformed(in HeadProblem problem)
    {
        HeadProblem transformed = problem;
        transformed.QueryCount = queries;
        transformed.KeyCount = keys;
        return transformed;
    }

    /// <summary>Adds them to <paramref name="sums"/>, which hold the other pairs; rows that were not transformed may hold anything.</summary>
    public void Add(in HeadProblem problem, in PartialSums sums, Crew crew, ref Arena arena)
    {
        bool hasQueries = queries < problem.QueryCount, hasKeys = keys < problem.KeyCount;
        if (!hasQueries && !hasKeys) return;
        long mark = arena.Mark;
        var blocks = KeyBlocks.Pack<TKernels>(problem, crew, ref arena);
        int endBlock = hasKeys ? keys / KernelShape.KeyTile : blocks.Count, parts = hasQueries ? (endBlock + BlocksPerPart - 1) / BlocksPerPart : 0;
        int paddedRows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile), rows = hasQueries ? paddedRows - queries : 0;
        float* numerators = arena.Take<float>((long)parts * rows * sums.NumeratorStride), denominators = arena.Take<float>((long)parts * rows);
        float* laneSums = arena.Take<float>(crew.Workers * LaneFloats);
        if (!arena.IsMeasuring)
        {
            crew.Run(new QueryParts(problem, blocks, sums, queries, rows, endBlock, numerators, denominators, laneSums), parts);
            float* firstNumerator = sums.Numerators + ((long)queries * sums.NumeratorStride), firstDenominator = sums.Denominators + queries;
            int floats = rows * sums.NumeratorStride;
            new Span<float>(firstNumerator, floats).Clear();
            new Span<float>(firstDenominator, rows).Clear();
            for (int part = 0; part < parts; part++)
            {
                TKernels.AddScaled(numerators + ((long)part * floats), firstNumerator, floats, 1);
                TKernels.AddScaled(denominators + ((long)part * rows), firstDenominator, rows, 1);
            }

            if (hasKeys) crew.Run(new KeyTiles(problem, blocks, sums, paddedRows, endBlock, laneSums), (paddedRows + TileRows - 1) / TileRows);
        }

        arena.Release(mark);
    }

    /// <summary>Surplus queries against the keys that are transformed, part by part.</summary>
    private readonly struct QueryParts(
        HeadProblem problem, KeyBlocks blocks, PartialSums sums, int first, int rows, int endBlock, float* numerators, float* denominators, float* laneSums) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int floats = rows * sums.NumeratorStride;
            float* part = numerators + ((long)index * floats), partDenominators = denominators + ((long)index * rows);
            float* lanes = laneSums + (worker * LaneFloats);
            new Span<float>(part, floats).Clear();
            new Span<float>(partDenominators, rows).Clear();
            new Span<float>(lanes, rows * TKernels.Lanes).Clear();
            PartialSums partSums = sums;
            partSums.Numerators = part - ((long)first * sums.NumeratorStride);
            int block = index * BlocksPerPart, end = Math.Min(block + BlocksPerPart, endBlock);
            DirectMethod<TKernels>.AddBlocks(problem, problem.Position.Window, blocks, new TileTarget(partSums, first, rows, lanes), block, end);
            LaneSums.MoveTo<TKernels>(partDenominators, lanes, rows);
        }
    }

    /// <summary>Every query against the surplus keys, tile by tile.</summary>
    private readonly struct KeyTiles(HeadProblem problem, KeyBlocks blocks, PartialSums sums, int paddedRows, int firstBlock, float* laneSums) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = index * TileRows, rows = Math.Min(TileRows, paddedRows - first);
            float* lanes = laneSums + (worker * LaneFloats);
            new Span<float>(lanes, rows * TKernels.Lanes).Clear();
            if (DirectMethod<TKernels>.AddBlocks(problem, problem.Position.Window, blocks, new TileTarget(sums, first, rows, lanes), firstBlock, blocks.Count))
                LaneSums.MoveTo<TKernels>(sums.Denominators + first, lanes, rows);
        }
    }
}
