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

    private const int Tile = KernelShape.KeyTile;

    private readonly TailReach _reach;
    private readonly TailTerm _term;
    private readonly bool _isLeft;
    private readonly int _productRows;
    private readonly int _columns;
    private readonly int _features;
    private readonly int _stateFloats;
    private readonly double* _powers;
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
        _productRows = Padding.RoundUp(problem.Features, TKernels.RowTile);
        _stateFloats = StateFloats(problem, columns);
        _blockSums = blockSums;
        _powers = arena.Take<double>(2 * MostRows);
        _kept = arena.Take<float>((Parts + 1L) * _stateFloats);
        if (arena.IsMeasuring) return;
        for (int k = 0; k < 2 * MostRows; k++) _powers[k] = Math.Pow(term.Ratio, k);
    }

    /// <summary>Independent pieces of work of <see cref="SumPart"/>.</summary>
    public int Parts => (_reach.Blocks + BlocksPerPart - 1) / BlocksPerPart;

    /// <summary>Rows that share one scaled copy of their queries.</summary>
    public static int MostRows => Padding.RoundUp(Tile, TKernels.RowTile);

    /// <summary>Floats of one state: φ(k) ⊗ v, then φ(k).</summary>
    public static int StateFloats(in HeadProblem problem, int columns) =>
        Padding.RoundUp((Padding.RoundUp(problem.Features, TKernels.RowTile) * columns) + problem.FeatureStride, TKernels.Lanes);

    /// <summary>The states of one part's blocks alone, each and together.</summary>
    public void SumPart(in HeadProblem problem, KeyBlocks blocks, int part, in TailScratch<TKernels> scratch)
    {
        float* state = Kept(_isLeft ? part + 1 : part);
        new Span<float>(state, _stateFloats).Clear();
        int first = part * BlocksPerPart, end = Math.Min(first + BlocksPerPart, _reach.Blocks);
        if (_isLeft)
        {
            for (int block = first; block < end; block++)
            {
                SumBlock(problem, blocks, block, scratch);
                Join(problem, block, state);
            }
        }
        else
        {
            for (int block = end - 1; block >= first; block--)
            {
                SumBlock(problem, blocks, block, scratch);
                Join(problem, block, state);
            }
        }
    }

    /// <summary>Takes the state of one part's blocks from a sweep with the same ratio, one.</summary>
    public void TakePart(int part, in TailSweep<TKernels> other) =>
        new Span<float>(other.Kept(other._isLeft ? part + 1 : part), _stateFloats).CopyTo(new Span<float>(Kept(_isLeft ? part + 1 : part), _stateFloats));

    /// <summary>Turns the states of parts into the states of everything beyond each part. Float64: many parts add up.</summary>
    /// <param name="running">A state's worth of float64.</param>
    public void Accumulate(double* running)
    {
        new Span<double>(running, _stateFloats).Clear();
        new Span<float>(Kept(_isLeft ? 0 : Parts), _stateFloats).Clear();
        for (int step = 0; step < Parts; step++)
        {
            int part = _isLeft ? step : Parts - 1 - step;
            float* state = Kept(_isLeft ? part + 1 : part);
            double decay = Math.Pow(_term.Ratio, KeysOf(part));
            for (int k = 0; k < _stateFloats; k++)
            {
                running[k] = (running[k] * decay) + state[k];
                state[k] = (float)running[k];
            }
        }
    }

    /// <summary>Adds what rows <paramref name="first"/> … <paramref name="end"/>−1 see through the tail.</summary>
    public void Apply(in HeadProblem problem, in PartialSums sums, int first, int end, in TailScratch<TKernels> scratch)
    {
        if (_isLeft) ApplyForwards(problem, sums, first, end, scratch);
        else ApplyBackwards(problem, sums, first, end, scratch);
    }

    private void ApplyForwards(in HeadProblem problem, in PartialSums sums, int row, int end, in TailScratch<TKernels> scratch)
    {
        int joined = _reach.Boundary(row), start = joined / BlocksPerPart;
        new Span<float>(Kept(start), _stateFloats).CopyTo(new Span<float>(scratch.State, _stateFloats));
        for (int block = start * BlocksPerPart; block < joined; block++) Join(problem, block, scratch.State);
        while (row < end)
        {
            int next = Math.Min(joined < _reach.Blocks ? Math.Min(_reach.Row(joined), end) : end, row + MostRows);
            if (joined > 0) ApplyState(problem, sums, row, next, joined - 1, scratch);
            row = next;
            for (; row < end && joined < _reach.Blocks && _reach.Row(joined) <= row; joined++) Join(problem, joined, scratch.State);
        }
    }

    private void ApplyBackwards(in HeadProblem problem, in PartialSums sums, int first, int row, in TailScratch<TKernels> scratch)
    {
        int joined = _reach.Boundary(row), start = (joined + BlocksPerPart - 1) / BlocksPerPart;
        new Span<float>(Kept(start), _stateFloats).CopyTo(new Span<float>(scratch.State, _stateFloats));
        for (int block = Math.Min(start * BlocksPerPart, _reach.Blocks) - 1; block >= joined; block--) Join(problem, block, scratch.State);
        while (row > first)
        {
            int next = Math.Max(joined > 0 ? Math.Max(_reach.Row(joined - 1), first) : first, row - MostRows);
            if (joined < _reach.Blocks) ApplyState(problem, sums, next, row, joined, scratch);
            row = next;
            for (; row > first && joined > 0 && _reach.Row(joined - 1) >= row; joined--) Join(problem, joined - 1, scratch.State);
        }
    }

    /// <summary>The state of one block alone.</summary>
    private void SumBlock(in HeadProblem problem, KeyBlocks blocks, int block, in TailScratch<TKernels> scratch)
    {
        float* values = blocks.Values(block), sum = BlockSum(block);
        float* keySums = sum + ((long)_productRows * _columns);
        int first = block * Tile, present = Math.Min(Tile, problem.KeyCount - first), nearest = _reach.NearestKey(block);
        int valueStride = blocks.ValueStride;
        if (_term.Ratio != 1)
        {
            for (int row = 0; row < present; row++)
                TKernels.Scale(values + ((long)row * valueStride), scratch.Values + ((long)row * _columns), _columns, (float)_powers[Math.Abs(nearest - first - row)]);
            new Span<float>(scratch.Values + ((long)present * _columns), (Tile - present) * _columns).Clear();
            values = scratch.Values;
            valueStride = _columns;
        }

        new Span<float>(sum, _stateFloats).Clear();
        TKernels.MultiplyAdd(_productRows, Tile, _columns, blocks.Keys(block), Tile, values, valueStride, sum, _columns);
        for (int row = 0; row < present; row++)
        {
            float weight = _term.Ratio == 1 ? 1 : (float)_powers[Math.Abs(nearest - first - row)];
            TKernels.AddScaled(problem.Key + ((first + (long)row) * problem.FeatureStride), keySums, _features, weight);
        }
    }

    /// <summary>Lets a block join a state: what is in it is now farther away.</summary>
    private void Join(in HeadProblem problem, int block, float* state)
    {
        if (_term.Ratio != 1) TKernels.Scale(state, state, _stateFloats, (float)_powers[_isLeft ? Math.Min(Tile, problem.KeyCount - (block * Tile)) : Tile]);
        TKernels.AddScaled(BlockSum(block), state, _stateFloats, 1);
    }

    /// <summary>Rows against the state of everything from <paramref name="nearestBlock"/> on.</summary>
    private void ApplyState(in HeadProblem problem, in PartialSums sums, int first, int end, int nearestBlock, in TailScratch<TKernels> scratch)
    {
        if (end <= first) return;
        int stride = problem.FeatureStride;
        float* keySums = scratch.State + ((long)_productRows * _columns);
        int nearestRow = _isLeft ? first : end - 1;
        double nearestWeight = _term.Weight * (_term.Ratio == 1 ? 1 : Math.Pow(_term.Ratio, _reach.Distance(nearestRow, nearestBlock)));
        for (int row = first; row < end; row++)
        {
            float* query = scratch.Queries + ((long)(row - first) * stride);
            TKernels.Scale(problem.Query + ((long)row * stride), query, _features, (float)(nearestWeight * _powers[Math.Abs(row - nearestRow)]));
            sums.Denominators[row] += TKernels.Dot(query, keySums, _features);
        }

        TKernels.MultiplyAdd(
            end - first, _features, _columns, scratch.Queries, stride, scratch.State, _columns,
            sums.Numerators + ((long)first * sums.NumeratorStride), sums.NumeratorStride);
    }

    private float* BlockSum(int block) => _blockSums + ((long)block * _stateFloats);

    private float* Kept(int part) => _kept + ((long)part * _stateFloats);

    /// <summary>Keys from one kept state's nearest key to the next one's.</summary>
    private int KeysOf(int part)
    {
        int end = (part + 1) * BlocksPerPart;
        return !_isLeft || end < _reach.Blocks ? BlocksPerPart * Tile : _reach.NearestKey(_reach.Blocks - 1) + 1 - (part * BlocksPerPart * Tile);
    }
}
