using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Sums;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// No relative positions (Performer, Linear Transformer): keys before a tile of queries act through one state
/// <c>Σ φ(k_j) ⊗ [v_j, 1]</c>, summed by parts, the few that only some rows of the tile see go through the direct tiles. O(n·m·d_v).
/// </summary>
internal sealed unsafe class LinearMethod<TKernels> : AttentionMethod
    where TKernels : struct, IKernels
{
    /// <summary>
    /// Blocks that are summed apart before they join the total, which does not drift: a running float32 sum over a million tokens would
    /// lose digits.
    /// </summary>
    public const int MostBlocksPerPart = 32;

    /// <summary>A head has at least this many parts if it has the blocks, so that threads end at about the same time.</summary>
    private const int LeastParts = 16;

    /// <summary>Features whose state is worth one block: more of them wait for more keys, or states would outgrow the features they sum up.</summary>
    private const int FeaturesPerBlock = 256;

    public override Method Kind => Method.Linear;

    public override double Rounding(int features) => SumRounding<TKernels>.KeysFirst(MostBlocksPerPart + CompensatedSums.Roundings + 1, features);

    /// <summary>Rows hear exactly what they see.</summary>
    public override double KeyLoudness => UnderflowLoudness;

    private static int TileRows => 16 * TKernels.RowTile;

    public override PartialSums Compute(in HeadProblem problem, in RowChunks chunks, Crew crew, ref Arena arena)
    {
        PartialSums sums = TakeSums<TKernels>(problem, ref arena);
        KeyBlocks blocks = KeyBlocks.Pack<TKernels>(problem, crew, ref arena);
        int blocksPerPart = Math.Clamp(Math.Max(blocks.Count / LeastParts, problem.Features / FeaturesPerBlock), 1, MostBlocksPerPart), parts = (blocks.Count + blocksPerPart - 1) / blocksPerPart;
        int partRows = blocksPerPart * KernelShape.KeyTile, rowParts = (problem.QueryCount + partRows - 1) / partRows;
        var states = new States(problem, sums.NumeratorStride, parts + 1, ref arena);
        var scratch = new States(problem, sums.NumeratorStride, RowParts.StatesPerWorker * crew.Workers, ref arena);
        float* rowSums = arena.Take<float>((long)crew.Workers * TileRows * TKernels.Lanes);
        float* running = arena.Take<float>(crew.Workers * RunningSums.FloatsPerWorker(states));
        if (arena.IsMeasuring) return sums;

        crew.Run(new KeyParts(problem, blocks, blocksPerPart, states), parts);
        crew.Run(new RunningSums(states, running), states.Pieces);
        crew.Run(new RowParts(problem, blocks, blocksPerPart, sums, states, scratch, rowSums), rowParts);
        SetUnderflowErrors(problem, sums);
        sums.LogScale = problem.KeyLogScale + problem.Position.LogMax;
        Close(problem, sums, chunks, crew);
        return sums;
    }

    /// <summary>
    /// Blocks of keys in the order in which rows see more and more of them: from the first on, or from the last on where what rows do not see
    /// lies before them.
    /// </summary>
    private readonly struct BlockOrder(HeadProblem problem, int count)
    {
        public bool FromEnd { get; } = problem.Position.FirstVisible > problem.Position.FirstOffset;

        /// <summary>The block at a place of the order.</summary>
        public int Block(int place) => FromEnd ? count - 1 - place : place;

        /// <summary>How many blocks, first in this order, all of some rows see whole.</summary>
        public int Visible(int firstRow, int endRow)
        {
            if (FromEnd)
            {
                long hidden = (long)problem.Position.FirstNonZero - problem.Offset + endRow - 1;
                return count - (int)((Math.Clamp(hidden, 0, problem.KeyCount) + KernelShape.KeyTile - 1) / KernelShape.KeyTile);
            }

            long keys = (long)problem.Position.LastNonZero - problem.Offset + firstRow + 1;
            return keys >= problem.KeyCount ? count : (int)(Math.Max(keys, 0) / KernelShape.KeyTile);
        }

        /// <summary>The blocks from a place of the order on, as they stand.</summary>
        public (int First, int End) From(int place) => FromEnd ? (0, count - place) : (place, count);
    }

    /// <summary>States of parts of the keys: <c>Σ φ(k_j) ⊗ v_j</c>, a row a feature, and <c>Σ φ(k_j)</c>.</summary>
    private readonly struct States
    {
        private readonly float* _products;
        private readonly float* _sums;
        private readonly int _rows;
        private readonly int _columns;
        private readonly int _stride;

        public States(in HeadProblem problem, int columns, int count, ref Arena arena)
        {
            Count = count;
            _rows = Padding.RoundUp(problem.Features, TKernels.RowTile);
            _columns = columns;
            _stride = Math.Max(_rows, problem.FeatureStride);
            _products = arena.Take<float>((long)count * _rows * columns);
            _sums = arena.Take<float>((long)count * _stride);
        }

        public int Count { get; }

        /// <summary>Pieces of a state, which are added up apart.</summary>
        public int Pieces => (_rows / TKernels.RowTile) + 1;

        public void Clear(int state)
        {
            Clearing.Clear(Products(state), (long)_rows * _columns);
            new Span<float>(Sums(state), _stride).Clear();
        }

        public void AddBlock(int state, in HeadProblem problem, KeyBlocks blocks, int block)
        {
            const int Tile = KernelShape.KeyTile;
            TKernels.MultiplyAdd(_rows, Tile, _columns, blocks.Keys(block), Tile, blocks.Values(block), blocks.ValueStride, Products(state), _columns);
            float* ones = stackalloc float[Tile];
            new Span<float>(ones, Tile).Fill(1);
            TKernels.MultiplyAdd(
                1, Tile, problem.FeatureStride, ones, Tile, problem.Key + ((long)block * Tile * problem.FeatureStride), problem.FeatureStride,
                Sums(state), problem.FeatureStride);
        }

        /// <summary>Floats of the largest piece.</summary>
        public int MostPieceFloats => Math.Max(TKernels.RowTile * _columns, _stride);

        /// <summary>Floats of a piece.</summary>
        public int PieceFloats(int piece) => piece == Pieces - 1 ? _stride : TKernels.RowTile * _columns;

        /// <summary>A piece of a state.</summary>
        public float* Piece(int state, int piece) => piece == Pieces - 1 ? Sums(state) : Products(state) + ((long)piece * TKernels.RowTile * _columns);

        /// <summary>Adds to a state a piece of one of <paramref name="others"/>.</summary>
        public void AddPiece(int state, States others, int other, int piece) =>
            TKernels.AddScaled(others.Piece(other, piece), Piece(state, piece), PieceFloats(piece), 1);

        /// <summary>Adds what the keys of a state give to rows of queries.</summary>
        public void Apply(int state, in HeadProblem problem, in PartialSums sums, int first, int rows)
        {
            float* query = problem.Query + ((long)first * problem.FeatureStride);
            TKernels.MultiplyAdd(
                rows, problem.Features, _columns, query, problem.FeatureStride, Products(state), _columns,
                sums.Numerators + ((long)first * sums.NumeratorStride), sums.NumeratorStride);
            for (int row = 0; row < rows; row++)
                sums.Denominators[first + row] += TKernels.Dot(query + ((long)row * problem.FeatureStride), Sums(state), problem.Features);
        }

        private float* Products(int state) => _products + ((long)state * _rows * _columns);

        private float* Sums(int state) => _sums + ((long)state * _stride);
    }

    /// <summary>Each part of the keys into the state after its own.</summary>
    private readonly struct KeyParts(HeadProblem problem, KeyBlocks blocks, int blocksPerPart, States states) : IParallelWork
    {
        private readonly BlockOrder _order = new(problem, blocks.Count);

        public void Run(int index, int worker)
        {
            if (index == 0) states.Clear(0);
            states.Clear(index + 1);
            for (int block = index * blocksPerPart; block < Math.Min((index + 1) * blocksPerPart, blocks.Count); block++)
                states.AddBlock(index + 1, problem, blocks, _order.Block(block));
        }
    }

    /// <summary>Turns state p, piece by piece, into the sum of all parts before the p-th.</summary>
    private readonly struct RunningSums(States states, float* scratch) : IParallelWork
    {
        /// <summary>A piece of the total, and what it has lost.</summary>
        public static long FloatsPerWorker(States states) => 2L * states.MostPieceFloats;

        public void Run(int index, int worker)
        {
            int floats = states.PieceFloats(index);
            float* total = scratch + (worker * FloatsPerWorker(states)), lost = total + states.MostPieceFloats;
            new Span<float>(total, 2 * states.MostPieceFloats).Clear();
            for (int state = 1; state < states.Count; state++)
            {
                CompensatedSums.Move(states.Piece(state, index), total, lost, floats);
                new ReadOnlySpan<float>(total, floats).CopyTo(new Span<float>(states.Piece(state, index), floats));
            }
        }
    }

    /// <summary>As many rows at a time as a part has keys, in tiles.</summary>
    private readonly struct RowParts(
        HeadProblem problem, KeyBlocks blocks, int blocksPerPart, PartialSums sums, States states, States scratch, float* rowSums) : IParallelWork
    {
        /// <summary>One for the keys after the last whole part, and one for these and all before.</summary>
        public const int StatesPerWorker = 2;

        private readonly BlockOrder _order = new(problem, blocks.Count);

        public void Run(int index, int worker)
        {
            int partRows = blocksPerPart * KernelShape.KeyTile, lastRow = Padding.RoundUp(problem.QueryCount, TKernels.RowTile);
            int start = Padding.RoundUp(index * partRows, TKernels.RowTile), end = Math.Min(Padding.RoundUp((index + 1) * partRows, TKernels.RowTile), lastRow);
            float* laneSums = rowSums + ((long)worker * TileRows * TKernels.Lanes);
            int rest = StatesPerWorker * worker, whole = rest + 1, part = -1, summed = 0;
            int tiles = (end - start + TileRows - 1) / TileRows;
            for (int tile = 0; tile < tiles; tile++)
            {
                // Rows that see more come after those that see less.
                int first = start + ((_order.FromEnd ? tiles - 1 - tile : tile) * TileRows);
                int rows = Math.Min(TileRows, end - first), visible = _order.Visible(first, Math.Min(first + rows, problem.QueryCount));
                (int near, int endNear) = _order.From(visible);
                new Span<float>(sums.Denominators + first, rows).Clear();
                Clearing.Clear(sums.Numerators + ((long)first * sums.NumeratorStride), (long)rows * sums.NumeratorStride);
                new Span<float>(laneSums, rows * TKernels.Lanes).Clear();
                DirectMethod<TKernels>.AddBlocks(problem, problem.Position.Window, blocks, new TileTarget(sums, first, rows, laneSums), near, endNear);
                LaneSums.MoveTo<TKernels>(sums.Denominators + first, laneSums, rows);
                if (visible == blocks.Count)
                {
                    states.Apply(states.Count - 1, problem, sums, first, rows);
                    continue;
                }

                if (part != visible / blocksPerPart)
                {
                    part = visible / blocksPerPart;
                    summed = part * blocksPerPart;
                    scratch.Clear(rest);
                }

                for (; summed < visible; summed++) scratch.AddBlock(rest, problem, blocks, _order.Block(summed));
                scratch.Clear(whole);
                for (int piece = 0; piece < scratch.Pieces; piece++)
                {
                    scratch.AddPiece(whole, states, part, piece);
                    scratch.AddPiece(whole, scratch, rest, piece);
                }

                scratch.Apply(whole, problem, sums, first, rows);
            }
        }
    }
}
