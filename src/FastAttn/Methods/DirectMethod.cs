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

    public override PartialSums Compute(in HeadProblem problem, ref Arena arena)
    {
        PartialSums sums = TakeSums<TKernels>(problem, 0, ref arena);
        KeyBlocks blocks = KeyBlocks.Pack<TKernels>(problem, ref arena);
        float* rowSums = arena.Take<float>((long)TileRows * TKernels.Lanes);
        if (arena.IsMeasuring) return sums;

        int paddedRows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile);
        Clearing.Clear(sums.Numerators, (long)paddedRows * sums.NumeratorStride);
        for (int first = 0; first < paddedRows; first += TileRows)
            ComputeTile(problem, blocks, sums, first, Math.Min(TileRows, paddedRows - first), rowSums);
        SetUnderflowErrors(problem, sums);
        sums.LogScale = problem.KeyLogScale + problem.Position.LogMax;
        return sums;
    }

    private static void ComputeTile(in HeadProblem problem, KeyBlocks blocks, in PartialSums sums, int first, int rows, float* rowSums)
    {
        new Span<float>(rowSums, rows * TKernels.Lanes).Clear();
        AddBlocks(problem, problem.Position.Window, blocks, sums, first, rows, 0, blocks.Count, rowSums);
        LaneSums.Store<TKernels>(rowSums, rows, sums.Denominators + first);
    }

    /// <summary>Adds key blocks <paramref name="firstBlock"/> … <paramref name="endBlock"/>−1 to query rows <paramref name="first"/> ….</summary>
    public static void AddBlocks(
        in HeadProblem problem, CoefficientWindow coefficients, KeyBlocks blocks, in PartialSums sums,
        int first, int rows, int firstBlock, int endBlock, float* rowSums)
    {
        const int Tile = KernelShape.KeyTile;
        if (coefficients.IsEmpty) return;
        for (int block = firstBlock; block < endBlock; block++)
        {
            // Rows i with a nonzero coefficient in this block: FirstNonZero ≤ j − i + Offset ≤ LastNonZero for some j of it.
            long j = (long)block * Tile;
            long from = Math.Max(j + problem.Offset - coefficients.LastNonZero, first);
            long to = Math.Min(j + Tile - 1 + problem.Offset - coefficients.FirstNonZero, first + rows - 1);
            if (from > to) continue;
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
    }
}
