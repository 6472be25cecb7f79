using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// No relative positions (Performer, Linear Transformer): keys before a tile of queries act through one state
/// <c>Σ φ(k_j) ⊗ [v_j, 1]</c>, the few that only some rows of the tile see go through the direct tiles. O(n·m·d_v).
/// </summary>
internal sealed unsafe class LinearMethod<TKernels> : AttentionMethod
    where TKernels : struct, IKernels
{
    /// <summary>
    /// Blocks that are summed apart before they join the total: a running float32 sum over a million tokens would lose digits,
    /// two levels of a thousand do not.
    /// </summary>
    private const int BlocksPerPart = 32;

    public override Method Kind => Method.Linear;

    private static int TileRows => 16 * TKernels.RowTile;

    public override PartialSums Compute(in HeadProblem problem, Crew crew, ref Arena arena)
    {
        PartialSums sums = TakeSums<TKernels>(problem, 0, ref arena);
        KeyBlocks blocks = KeyBlocks.Pack<TKernels>(problem, crew, ref arena);
        float* rowSums = arena.Take<float>((long)TileRows * TKernels.Lanes);
        int stateRows = Padding.RoundUp(problem.Features, TKernels.RowTile);
        var total = new State(problem, stateRows, sums.NumeratorStride, ref arena);
        var part = new State(problem, stateRows, sums.NumeratorStride, ref arena);
        if (arena.IsMeasuring) return sums;

        total.Clear();
        part.Clear();
        int paddedRows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile), summed = 0;
        Clearing.Clear(sums.Numerators, (long)paddedRows * sums.NumeratorStride);
        for (int first = 0; first < paddedRows; first += TileRows)
        {
            int rows = Math.Min(TileRows, paddedRows - first);
            for (int whole = VisibleBlocks(problem, blocks.Count, first); summed < whole; summed++)
            {
                part.Add(problem, blocks, summed);
                if ((summed + 1) % BlocksPerPart == 0) part.MoveTo(total);
            }

            new Span<float>(sums.Denominators + first, rows).Clear();
            new Span<float>(rowSums, rows * TKernels.Lanes).Clear();
            DirectMethod<TKernels>.AddBlocks(problem, problem.Position.Window, blocks, sums, first, rows, summed, blocks.Count, rowSums);
            LaneSums.MoveTo<TKernels>(sums.Denominators + first, rowSums, rows);
            total.Apply(problem, sums, first, rows);
            part.Apply(problem, sums, first, rows);
        }

        SetUnderflowErrors(problem, sums);
        sums.LogScale = problem.KeyLogScale + problem.Position.LogMax;
        return sums;
    }

    /// <summary>Leading blocks that query <paramref name="row"/>, and so every later one, sees whole.</summary>
    private static int VisibleBlocks(in HeadProblem problem, int count, int row)
    {
        long keys = (long)problem.Position.LastNonZero - problem.Offset + row + 1;
        return keys >= problem.KeyCount ? count : (int)(Math.Max(keys, 0) / KernelShape.KeyTile);
    }

    /// <summary>Σ φ(k_j) ⊗ v_j and Σ φ(k_j) over some keys.</summary>
    private readonly struct State
    {
        private readonly float* _products;
        private readonly float* _sums;
        private readonly int _rows;
        private readonly int _columns;

        public State(in HeadProblem problem, int rows, int columns, ref Arena arena)
        {
            _rows = rows;
            _columns = columns;
            _products = arena.Take<float>((long)rows * columns);
            _sums = arena.Take<float>(Math.Max(rows, problem.FeatureStride));
        }

        public void Clear()
        {
            Clearing.Clear(_products, (long)_rows * _columns);
            new Span<float>(_sums, _rows).Clear();
        }

        public void Add(in HeadProblem problem, KeyBlocks blocks, int block)
        {
            const int Tile = KernelShape.KeyTile;
            TKernels.MultiplyAdd(_rows, Tile, _columns, blocks.Keys(block), Tile, blocks.Values(block), blocks.ValueStride, _products, _columns);
            float* keys = problem.Key + ((long)block * Tile * problem.FeatureStride);
            for (int row = 0; row < Tile; row++) TKernels.AddScaled(keys + ((long)row * problem.FeatureStride), _sums, problem.Features, 1);
        }

        public void MoveTo(State total)
        {
            for (int row = 0; row < _rows; row++) TKernels.AddScaled(_products + ((long)row * _columns), total._products + ((long)row * _columns), _columns, 1);
            TKernels.AddScaled(_sums, total._sums, _rows, 1);
            Clear();
        }

        public void Apply(in HeadProblem problem, in PartialSums sums, int first, int rows)
        {
            float* query = problem.Query + ((long)first * problem.FeatureStride);
            TKernels.MultiplyAdd(
                rows, problem.Features, _columns, query, problem.FeatureStride, _products, _columns,
                sums.Numerators + ((long)first * sums.NumeratorStride), sums.NumeratorStride);
            for (int row = 0; row < rows; row++)
                sums.Denominators[first + row] += TKernels.Dot(query + ((long)row * problem.FeatureStride), _sums, problem.Features);
        }
    }
}
