using System.Numerics.Tensors;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>
/// One exponential of one tail (a constant is ratio one): keys act on the rows that see them from afar through one state
/// <c>Σ_j ratio^distance φ(k_j) ⊗ [v_j, 1]</c>, the distance counted to the nearest of its keys, so that nothing grows. Every block
/// of keys is summed once, alone; the sums join the state one after another. Every few blocks a state is kept, summed in float64:
/// a million keys do not drift, and every stretch of rows starts on its own.
/// </summary>
internal readonly unsafe struct TailSweep<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>Blocks of keys between kept states.</summary>
    private const int BlocksPerPart = 8;

    /// <summary>
    /// Additions that a block's sum meets on its way to a row: in its part, from a kept state to a chunk of rows, along the chunk, and where
    /// both sides are weighed. With a ratio other than one there are as many products.
    /// </summary>
    public static int MostJoins => (2 * BlocksPerPart) + (TailScanMethod<TKernels>.MostChunkRows / Tile) + 2;

    /// <summary>Floats of a state that are turned into running sums together.</summary>
    public const int PieceFloats = 1024;

    private const int Tile = KernelShape.KeyTile;

    private readonly TailReach _reach;
    private readonly TailTerm _term;
    private readonly bool _isLeft;
    private readonly int _columns;
    private readonly int _features;
    private readonly int _stateFloats;
    private readonly double* _powers;
    private readonly float* _weights;
    private readonly float* _kept;
    private readonly float* _blockSums;

    /// <param name="reach">Which rows see which blocks from afar.</param>
    /// <param name="isLeft">The side.</param>
    /// <param name="term">The exponential.</param>
    /// <param name="problem">The sizes.</param>
    /// <param name="columns">Floats between numerator rows.</param>
    /// <param name="blockSums">Room for a state of each block of keys alone. Constant tails of both sides have the same.</param>
    /// <param name="arena">Where states are kept.</param>
    public TailSweep(TailReach reach, bool isLeft, TailTerm term, in HeadProblem problem, int columns, float* blockSums, ref Arena arena)
    {
        _reach = reach;
        _isLeft = isLeft;
        _term = term;
        _columns = columns;
        _features = problem.Features;
        _stateFloats = StateFloats(problem, columns);
        _blockSums = blockSums;
        _powers = arena.Take<double>(MostRows);
        _weights = arena.Take<float>(2 * Tile);
        _kept = arena.Take<float>((Parts + 1L) * _stateFloats);
        if (arena.IsMeasuring) return;
        for (int k = 0; k < MostRows; k++) _powers[k] = Math.Pow(term.Ratio, k);
        for (int k = 0; k < Tile; k++) _weights[isLeft ? Tile - 1 - k : k] = (float)_powers[k];
        new Span<float>(_weights + Tile, Tile).Clear();
    }

    /// <summary>Which rows see which blocks.</summary>
    public TailReach Reach => _reach;

    /// <summary>The exponential.</summary>
    public TailTerm Term => _term;

    /// <summary>Parts of the keys, independent pieces of work.</summary>
    public int Parts => (_reach.Blocks + BlocksPerPart - 1) / BlocksPerPart;

    /// <summary>Pieces of a state, independent ones for <see cref="Accumulate"/>.</summary>
    public int Pieces => (_stateFloats + PieceFloats - 1) / PieceFloats;

    /// <summary>Rows that share one scaled copy of their queries.</summary>
    public static int MostRows => Padding.RoundUp(Tile, TKernels.RowTile);

    /// <summary>Floats of one state: φ(k) ⊗ v, then φ(k).</summary>
    public static int StateFloats(in HeadProblem problem, int columns) =>
        (problem.Features * columns) + problem.FeatureStride;

    /// <summary>The states of one part's blocks, each alone.</summary>
    public void SumBlocks(in HeadProblem problem, int part, in TailScratch<TKernels> scratch)
    {
        for (int block = part * BlocksPerPart; block < EndOf(part); block++) SumBlock(problem, block, scratch);
    }

    /// <summary>The state of one part's blocks together.</summary>
    public void JoinPart(in HeadProblem problem, int part)
    {
        float* state = Kept(_isLeft ? part + 1 : part);
        new Span<float>(state, _stateFloats).Clear();
        if (_isLeft) for (int block = part * BlocksPerPart; block < EndOf(part); block++) Join(problem, block, state, state);
        else for (int block = EndOf(part) - 1; block >= part * BlocksPerPart; block--) Join(problem, block, state, state);
    }

    /// <summary>Turns a piece of the states of parts into the states of everything beyond each part. Float64: many parts add up.</summary>
    /// <param name="piece">Which piece.</param>
    /// <param name="wide">Two pieces' worth of float64.</param>
    public void Accumulate(int piece, double* wide)
    {
        int first = piece * PieceFloats, count = Math.Min(PieceFloats, _stateFloats - first);
        Span<double> running = new(wide, count), joining = new(wide + PieceFloats, count);
        running.Clear();
        new Span<float>(Kept(_isLeft ? 0 : Parts) + first, count).Clear();
        for (int step = 0; step < Parts; step++)
        {
            int part = _isLeft ? step : Parts - 1 - step;
            var state = new Span<float>(Kept(_isLeft ? part + 1 : part) + first, count);
            TensorPrimitives.ConvertTruncating<float, double>(state, joining);
            TensorPrimitives.MultiplyAdd(running, Math.Pow(_term.Ratio, KeysOf(part)), joining, running);
            TensorPrimitives.ConvertTruncating<double, float>(running, state);
        }
    }

    /// <summary>The state of everything beyond a boundary between blocks.</summary>
    public void Load(in HeadProblem problem, int boundary, float* state)
    {
        int part = _isLeft ? boundary / BlocksPerPart : (boundary + BlocksPerPart - 1) / BlocksPerPart;
        new Span<float>(Kept(part), _stateFloats).CopyTo(new Span<float>(state, _stateFloats));
        if (_isLeft) for (int block = part * BlocksPerPart; block < boundary; block++) Join(problem, block, state, state);
        else for (int block = EndOf(part - 1) - 1; block >= boundary; block--) Join(problem, block, state, state);
    }

    /// <summary>The state after a block has joined another: what was in it is now farther away. Both may be one.</summary>
    public void Join(in HeadProblem problem, int block, float* state, float* joined)
    {
        if (_term.Ratio != 1) TKernels.Scale(state, joined, _stateFloats, (float)Math.Pow(_term.Ratio, _isLeft ? Math.Min(Tile, problem.KeyCount - (block * Tile)) : Tile));
        else if (joined != state) new Span<float>(state, _stateFloats).CopyTo(new Span<float>(joined, _stateFloats));
        TKernels.AddScaled(BlockSum(block), joined, _stateFloats, 1);
    }

    /// <summary>Adds what rows <paramref name="first"/> … <paramref name="end"/>−1 see through the tail.</summary>
    public void Apply(in HeadProblem problem, in PartialSums sums, int first, int end, in TailScratch<TKernels> scratch)
    {
        if (_isLeft) ApplyForwards(problem, sums, first, end, scratch);
        else ApplyBackwards(problem, sums, first, end, scratch);
    }

    /// <summary>Adds what rows see of a state, each row's share weighed as its query is.</summary>
    public static void ApplyState(in HeadProblem problem, in PartialSums sums, int first, int rows, float* queries, float* state)
    {
        int columns = sums.NumeratorStride, stride = problem.FeatureStride;
        float* keySums = state + ((long)problem.Features * columns);
        for (int row = 0; row < rows; row++) sums.Denominators[first + row] += TKernels.Dot(queries + ((long)row * stride), keySums, problem.Features);
        TKernels.MultiplyAdd(rows, problem.Features, columns, queries, stride, state, columns, sums.Numerators + ((long)first * columns), columns);
    }

    private void ApplyForwards(in HeadProblem problem, in PartialSums sums, int row, int end, in TailScratch<TKernels> scratch)
    {
        int joined = _reach.Boundary(row);
        Load(problem, joined, scratch.State);
        while (row < end)
        {
            int next = Math.Min(joined < _reach.Blocks ? Math.Min(_reach.Row(joined), end) : end, row + MostRows);
            if (joined > 0) ApplyWeighed(problem, sums, row, next, joined - 1, scratch);
            row = next;
            for (; row < end && joined < _reach.Blocks && _reach.Row(joined) <= row; joined++) Join(problem, joined, scratch.State, scratch.State);
        }
    }

    private void ApplyBackwards(in HeadProblem problem, in PartialSums sums, int first, int row, in TailScratch<TKernels> scratch)
    {
        int joined = _reach.Boundary(row);
        Load(problem, joined, scratch.State);
        while (row > first)
        {
            int next = Math.Max(joined > 0 ? Math.Max(_reach.Row(joined - 1), first) : first, row - MostRows);
            if (joined < _reach.Blocks) ApplyWeighed(problem, sums, next, row, joined, scratch);
            row = next;
            for (; row > first && joined > 0 && _reach.Row(joined - 1) >= row; joined--) Join(problem, joined - 1, scratch.State, scratch.State);
        }
    }

    /// <summary>Rows against the state of everything from <paramref name="nearestBlock"/> on, each at its own distance.</summary>
    private void ApplyWeighed(in HeadProblem problem, in PartialSums sums, int first, int end, int nearestBlock, in TailScratch<TKernels> scratch)
    {
        if (end <= first) return;
        int stride = problem.FeatureStride, nearestRow = _isLeft ? first : end - 1;
        double nearestWeight = _term.Weight * Math.Pow(_term.Ratio, _reach.Distance(nearestRow, nearestBlock));
        for (int row = first; row < end; row++)
        {
            float weight = (float)(nearestWeight * _powers[Math.Abs(row - nearestRow)]);
            TKernels.Scale(problem.Query + ((long)row * stride), scratch.Queries + ((long)(row - first) * stride), _features, weight);
        }

        ApplyState(problem, sums, first, end - first, scratch.Queries, scratch.State);
    }

    /// <summary>The state of one block alone.</summary>
    private void SumBlock(in HeadProblem problem, int block, in TailScratch<TKernels> scratch)
    {
        float* sum = BlockSum(block), keySums = sum + ((long)_features * _columns);
        int first = block * Tile, present = Math.Min(Tile, problem.KeyCount - first);

        // Towards later rows a block's last key is the nearest one, and the last block may end early; keys that are not there are zero.
        float* weights = _isLeft ? _weights + Tile - present : _weights;
        KeyBlocks blocks = KeyBlocks.PackOne<TKernels>(problem, block, weights, scratch.Block);
        TKernels.Multiply(_features, Tile, _columns, blocks.Keys(block), Tile, blocks.Values(block), blocks.ValueStride, sum, _columns);
        TKernels.Multiply(
            1, Tile, problem.FeatureStride, weights, Tile, problem.Key + ((long)first * problem.FeatureStride), problem.FeatureStride, keySums, problem.FeatureStride);
    }

    private float* BlockSum(int block) => _blockSums + ((long)block * _stateFloats);

    private float* Kept(int part) => _kept + ((long)part * _stateFloats);

    /// <summary>The block after a part's last.</summary>
    private int EndOf(int part) => Math.Min((part + 1) * BlocksPerPart, _reach.Blocks);

    /// <summary>Keys from one kept state's nearest key to the next one's.</summary>
    private int KeysOf(int part)
    {
        int end = (part + 1) * BlocksPerPart;
        return !_isLeft || end < _reach.Blocks ? BlocksPerPart * Tile : _reach.NearestKey(_reach.Blocks - 1) + 1 - (part * BlocksPerPart * Tile);
    }
}
