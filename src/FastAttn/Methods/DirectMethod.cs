using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;

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
    private static int TileRows => 32 * TKernels.RowTile;

    /// <summary>
    /// Blocks that are summed apart before they join the total: a float32 running sum over many keys drifts. Sixteen blocks are
    /// a thousand keys, so that a million keys are a thousand sums of a thousand.
    /// </summary>
    private const int BlocksPerPart = 16;

    public override PartialSums Compute(in HeadProblem problem, ref Arena arena)
    {
        PartialSums sums = TakeSums<TKernels>(problem, 0, ref arena);
        KeyBlocks blocks = KeyBlocks.Pack<TKernels>(problem, ref arena);
        float* rowSums = arena.Take<float>((long)TileRows * TKernels.Lanes);
        float* part = arena.Take<float>((long)TileRows * sums.NumeratorStride);
        if (arena.IsMeasuring) return sums;

        int paddedRows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile);
        Clearing.Clear(sums.Numerators, (long)paddedRows * sums.NumeratorStride);
        for (int first = 0; first < paddedRows; first += TileRows)
            ComputeTile(problem, blocks, sums, first, Math.Min(TileRows, paddedRows - first), part, rowSums);
        SetUnderflowErrors(problem, sums);
        sums.LogScale = problem.KeyLogScale + problem.Position.LogMax;
        return sums;
    }

    private static void ComputeTile(
        in HeadProblem problem, KeyBlocks blocks, in PartialSums sums, int first, int rows, float* part, float* rowSums)
    {
        int floats = rows * sums.NumeratorStride;
        float* total = sums.Numerators + ((long)first * sums.NumeratorStride);
        PartialSums parts = sums;
        parts.Numerators = part - ((long)first * sums.NumeratorStride);
        new Span<float>(sums.Denominators + first, rows).Clear();
        new Span<float>(part, floats).Clear();
        new Span<float>(rowSums, rows * TKernels.Lanes).Clear();
        for (int block = 0; block < blocks.Count; block += BlocksPerPart)
        {
            int end = Math.Min(block + BlocksPerPart, blocks.Count);
            if (!AddBlocks(problem, problem.Position.Window, blocks, parts, first, rows, block, end, rowSums)) continue;
            TKernels.AddScaled(part, total, floats, 1);
            new Span<float>(part, floats).Clear();
            LaneSums.MoveTo<TKernels>(sums.Denominators + first, rowSums, rows);
        }
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
        for (int block = firstBlock; block < endBlock; block++)
        {
            // Rows i with a nonzero coefficient in this block: FirstNonZero ≤ j − i + Offset ≤ LastNonZero for some j of it.
            long j = (long)block * Tile;
            long from = Math.Max(j + problem.Offset - coefficients.LastNonZero, first);
            long to = Math.Min(j + Tile - 1 + problem.Offset - coefficients.FirstNonZero, first + rows - 1);
            if (from > to) continue;
            any = true;
            int skipped = (int)(from - first) / TKernels.RowTile * TKernels.RowTile;
            int count = Padding.RoundUp((int)(to - first) + 1 - skipped, TKernels.RowTile);
            int row = first + skipped;
            TKernels.AttentionTile(
                count, problem.Features, sums.NumeratorStride,
                problem.Query + ((long)row * problem.FeatureStride), problem.FeatureStride,
                blocks.Keys(block), coefficients.From(j - row + problem.Offset),
                blocks.Values(block), blocks.ValueStride,
                sums.Numerators + ((long)row * sums.NumeratorStride), sums.NumeratorStride,
                rowSums + ((long)skipped * TKernels.Lanes));
        }

        return any;
    }
}
