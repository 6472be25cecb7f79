using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Sums;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// Keys of one head that outlive a call: features, values and what is known of them, in blocks of 64. Keys are appended, any number at a time, and queries ask for
/// their sums over all keys so far. Appending touches no block that is full, and however the keys are split into appends the sums have the same bits.
/// </summary>
/// <remarks>Any number of threads may ask at once; nobody may ask while keys are appended. Asking takes O(keys · (m + d_v)) a query.</remarks>
/// <param name="stage">Makes features; of a key alone, whatever other keys there are.</param>
/// <param name="head">The head, for projections that differ by head.</param>
/// <param name="valueDimension">Columns of values.</param>
internal sealed unsafe class KeptKeys<TKernels>(FeatureStage stage, int head, int valueDimension) : IDisposable
    where TKernels : struct, IKernels
{
    private const int Tile = KernelShape.KeyTile;

    private readonly Lock _gate = new();
    private readonly List<KeptBlock> _full = [];
    private readonly List<RowState> _keyStates = [];
    private readonly List<RowState> _valueStates = [];
    private readonly int _features = Padding.RoundUp(stage.Features, TKernels.RowTile);
    private readonly int _valueStride = Padding.RoundUp(valueDimension, TKernels.Lanes);
    private AlignedBuffer? _openMemory;
    private AlignedBuffer? _scratch;
    private OpenRows _open;
    private KeptBlock? _last;

    /// <summary>Keys so far, masked ones too.</summary>
    public int Count => _keyStates.Count;

    /// <summary>Rows that are summed at a time.</summary>
    private static int MostRows => 32 * TKernels.RowTile;

    /// <summary>A block that is full.</summary>
    public KeptBlock Full(int block) => _full[block];

    /// <summary>What became of a key and of its value.</summary>
    public (RowState Key, RowState Value) States(int key) => (_keyStates[key], _valueStates[key]);

    /// <summary>Appends keys and values.</summary>
    /// <param name="keys">The caller's rows.</param>
    /// <param name="values">As many.</param>
    /// <param name="mask">True = take part, one a key; empty for all. Masked keys may hold anything.</param>
    public void Append(RowSource keys, RowSource values, ReadOnlySpan<bool> mask = default)
    {
        for (int first = 0, count; first < keys.Count; first += count)
        {
            count = Math.Min(Tile - _open.Count, keys.Count - first);
            AppendToOpen(keys.Slice(first, count), values.Slice(first, count), mask.IsEmpty ? mask : mask.Slice(first, count));
            if (_open.Count < Tile) continue;
            _full.Add(Pack());
            _last = null;
            _open.Count = 0;
        }
    }

    /// <summary>
    /// Sums of queries over all keys: <c>Σ_j c (φ(q_i)·φ(k_j)) v_j</c> and the same without values, into pieces of <paramref name="arena"/>.
    /// </summary>
    /// <param name="queries">Queries, positions, and the offset at which query 0 meets key 0; what it says of keys is not read.</param>
    /// <param name="crew">Shares tiles of queries.</param>
    /// <param name="arena">Where the sums stand.</param>
    /// <returns>The sums, and the power of two that the numerators are multiplied by.</returns>
    public (PartialSums Sums, float ValueFactor) Ask(in HeadProblem queries, Crew crew, ref Arena arena)
    {
        HeadProblem problem = queries;
        problem.KeyCount = Count;
        problem.Values = new ValueSource(new RowSource(0, 0, 0, valueDimension), null, 1);
        int rows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile), tiles = (rows + MostRows - 1) / MostRows;
        PartialSums sums = AttentionMethod.TakeSums<TKernels>(problem, ref arena);
        long mark = arena.Mark;
        KeptBlock[] blocks = Blocks();
        double scale = double.NegativeInfinity, norm = 0;
        for (int block = 0; block < blocks.Length; block++)
        {
            if (!IsSeen(problem, block)) continue;
            scale = Math.Max(scale, blocks[block].LogScale);
            norm = Math.Max(norm, blocks[block].LargestNorm);
        }

        float factor = ValueSource.FactorFor(norm);
        long floats = (long)Math.Min(MostRows, rows) * ((2L * sums.NumeratorStride) + TKernels.Lanes + 2);
        float* scratch = arena.Take<float>(crew.Workers * floats);
        if (!arena.IsMeasuring)
        {
            crew.Run(new Tiles(problem, blocks, _features, sums, scale, factor, scratch, floats), tiles);
            new UnderflowErrors(Count, problem.Features, norm * factor).Set(sums, 0, problem.QueryCount);
        }

        sums.LogScale = double.IsNegativeInfinity(scale) ? 0 : scale + problem.Position.LogMax;
        arena.Release(mark);
        return (sums, factor);
    }

    public void Dispose()
    {
        foreach (KeptBlock block in _full) block.Dispose();
        _full.Clear();
        _last?.Dispose();
        _openMemory?.Dispose();
        _scratch?.Dispose();
    }

    /// <summary>All blocks. The last one is packed by the first of all threads that ask.</summary>
    private KeptBlock[] Blocks()
    {
        if (_open.Count == 0) return [.. _full];
        lock (_gate) return [.. _full, _last ??= Pack()];
    }

    /// <summary>Whether any of the queries has a coefficient with a key of the block.</summary>
    private static bool IsSeen(in HeadProblem problem, int block)
    {
        CoefficientWindow window = problem.Position.Window;
        if (window.IsEmpty) return false;
        DirectMethod<TKernels>.TileRows seen = DirectMethod<TKernels>.RowsOf(problem, window, block * Tile, (block + 1) * Tile, 0, problem.QueryCount);
        return seen.First < seen.End;
    }

    private void AppendToOpen(RowSource keys, RowSource values, ReadOnlySpan<bool> mask)
    {
        if (_openMemory is null) TakeOpenMemory();
        var keyStates = stackalloc RowState[Tile];
        var valueStates = stackalloc RowState[Tile];
        for (int row = 0; row < keys.Count; row++) keyStates[row] = mask.IsEmpty || mask[row] ? RowState.Kept : RowState.Masked;

        // Mapped apart and then copied: a register tile beyond the last row would overwrite nothing, but nor may it reach beyond the block.
        var arena = new Arena(_scratch!.Data, _scratch.Bytes);
        float* features = arena.Take<float>((long)stage.PaddedRows(keys.Count) * stage.Stride);
        double* scales = arena.Take<double>(stage.PaddedRows(keys.Count));
        stage.Map(keys, RowRole.Key, head, logarithmic: false, keyStates, features, scales, Crew.Alone, ref arena);
        ValueSource source = ValueRows.Prepare(values, keyStates, valueStates, _open.Norms + _open.Count, Crew.Alone, ref arena);
        source = source.Unscaled;
        for (int row = 0; row < keys.Count; row++)
        {
            int place = _open.Count + row;
            new ReadOnlySpan<float>(features + ((long)row * stage.Stride), stage.Stride).CopyTo(new Span<float>(_open.Features + ((long)place * stage.Stride), stage.Stride));
            _open.LogScales[place] = keyStates[row] == RowState.Kept ? scales[row] : double.NegativeInfinity;
            source.Copy<TKernels>(row, 0, _valueStride, _open.Values + ((long)place * _valueStride));
            _keyStates.Add(keyStates[row]);
            _valueStates.Add(valueStates[row]);
        }

        _open.Count += keys.Count;
        _last?.Dispose();
        _last = null;
    }

    private void TakeOpenMemory()
    {
        var measuring = Arena.Measuring;
        var rows = new RowSource(0, 0, Tile, 1);
        _ = measuring.Take<float>((long)stage.PaddedRows(Tile) * stage.Stride);
        _ = measuring.Take<double>(stage.PaddedRows(Tile));
        stage.Map(rows, RowRole.Key, head, logarithmic: false, null, null, null, Crew.Alone, ref measuring);
        ValueRows.Prepare(rows with { Columns = valueDimension }, null, null, null, Crew.Alone, ref measuring);
        _scratch = new AlignedBuffer(measuring.Peak);
        _openMemory = new AlignedBuffer((Tile * 2L * sizeof(double)) + ((long)Tile * (stage.Stride + _valueStride) * sizeof(float)));
        _open = new OpenRows { FeatureCount = stage.Features, FeatureStride = stage.Stride, ValueStride = _valueStride, LogScales = (double*)_openMemory.Data };
        _open.Norms = _open.LogScales + Tile;
        _open.Features = (float*)(_open.Norms + Tile);
        _open.Values = _open.Features + ((long)Tile * stage.Stride);
    }

    private KeptBlock Pack()
    {
        var block = new KeptBlock(_features, _valueStride);
        block.Pack<TKernels>(_open);
        return block;
    }

    /// <summary>Tiles of queries, each over all blocks in order.</summary>
    private readonly struct Tiles(
        HeadProblem problem, KeptBlock[] blocks, int features, PartialSums sums, double scale, float factor, float* scratch, long floats) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = index * MostRows, rows = Math.Min(MostRows, Padding.RoundUp(problem.QueryCount, TKernels.RowTile) - first), columns = sums.NumeratorStride;
            float* part = scratch + (worker * floats), lost = part + ((long)rows * columns), lanes = lost + ((long)rows * columns);
            float* partSums = lanes + ((long)rows * TKernels.Lanes), lostSums = partSums + rows;
            Clearing.Clear(part, floats);
            Clearing.Clear(sums.Numerators + ((long)first * columns), (long)rows * columns);
            new Span<float>(sums.Denominators + first, rows).Clear();
            PartialSums own = sums;
            own.Numerators = part - ((long)first * columns);
            for (int block = 0, pending = 0; block < blocks.Length; block++)
            {
                CallWatch.Look();
                KeptBlock kept = blocks[block];
                nint values = (nint)kept.Values;
                KeyBlocks view = KeyBlocks.One(block, blocks.Length, kept.Keys, &values, features, columns);
                if (!double.IsNegativeInfinity(kept.LogScale)
                    && DirectMethod<TKernels>.AddBlocks(problem, problem.Position.Window, view, new TileTarget(own, first, rows, lanes), block, block + 1)) pending++;
                bool ends = pending == TileTotals<TKernels>.BlocksPerPart || block + 1 == blocks.Length || !IsAlike(kept, blocks[block + 1]);
                if (pending == 0 || !ends) continue;
                Join(kept, part, lost, sums.Numerators + ((long)first * columns), rows * columns, kept.ValueFactor);
                LaneSums.MoveTo<TKernels>(partSums, lanes, rows);
                Join(kept, partSums, lostSums, sums.Denominators + first, rows, factor);
                pending = 0;
            }
        }

        private static bool IsAlike(KeptBlock block, KeptBlock next) => block.LogScale == next.LogScale && block.ValueFactor == next.ValueFactor;

        /// <summary>Moves sums of a block's units to the totals, in theirs.</summary>
        private void Join(KeptBlock block, float* part, float* lost, float* totals, int count, float valueFactor)
        {
            float weight = (float)(Math.Exp(block.LogScale - scale) * (factor / (double)valueFactor));
            if (weight != 1) TKernels.Scale(part, part, count, weight);
            CompensatedSums.Move(part, totals, lost, count);
        }
    }
}
