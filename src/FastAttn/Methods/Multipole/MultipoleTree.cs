using System.Numerics.Tensors;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Sums;

namespace FastAttn.Methods;

/// <summary>
/// The boxes of one multipole computation: what keys put into them, passed up; what rows take out of them, passed down. States of
/// coarse boxes stay; those of smaller ones are in a window that moves along, see <see cref="MultipoleSizes"/>.
/// </summary>
internal readonly unsafe struct MultipoleTree<TKernels>
    where TKernels : struct, IKernels
{
    private const int Tile = SmoothTails.LeafTokens;

    /// <summary>Boxes that one product takes together: the halves of a box.</summary>
    private const int MostTogether = 2;

    private readonly HeadProblem _problem;
    private readonly KeyBlocks _blocks;
    private readonly PartialSums _sums;
    private readonly MultipoleSizes _sizes;
    private readonly BoxGrid _keys;
    private readonly BoxGrid _rows;
    private readonly int[] _ranks;
    private readonly int _levels;
    private readonly int _columns;
    private readonly int _longest;
    private readonly int _widest;
    private readonly long _slotFloats;
    private readonly long _coarseFloats;
    private readonly float* _coarse;
    private readonly float* _window;
    private readonly float* _rowWeights;
    private readonly float* _keyWeights;

    public MultipoleTree(in HeadProblem problem, KeyBlocks blocks, in PartialSums sums, int center, int[] ranks, in MultipoleSizes sizes, ref Arena arena)
    {
        _problem = problem;
        _blocks = blocks;
        _sums = sums;
        _sizes = sizes;
        _ranks = ranks;
        _levels = Math.Min(sizes.Levels, ranks.Length);
        _columns = sums.NumeratorStride;
        _longest = Padding.RoundUp(Tile + TKernels.RowTile, TKernels.RowTile);
        _keys = new BoxGrid(problem.KeyCount, 0, 1, _levels, ranks, ref arena);
        _rows = new BoxGrid(problem.QueryCount, center - problem.Offset, TKernels.RowTile, _levels, ranks, ref arena);
        _widest = sizes.Width + MultipoleChunk.NodePadding;
        _slotFloats = NodesBelow(sizes.CoarseLevel) * _widest;
        _coarseFloats = CoarseNodes(_levels) * _widest;
        _coarse = arena.Take<float>(_coarseFloats * sizes.ChunksTogether);
        _window = arena.Take<float>(sizes.KeepsAll ? _slotFloats * sizes.WindowSlots : 0);
        _rowWeights = arena.Take<float>((_longest + 1) * RowWeightFloats);
        _keyWeights = arena.Take<float>(2L * KeyWeightFloats);
        if (!arena.IsMeasuring) FillLeafWeights();
    }

    /// <summary>Coarse boxes of keys.</summary>
    public int CoarseBoxes => _keys.End(_sizes.CoarseLevel);

    /// <summary>Segments of rows.</summary>
    public int Segments => _rows.End(_sizes.SegmentLevel) - _rows.First(_sizes.SegmentLevel);

    /// <summary>Whether states are summed before rows take them: those of coarse boxes, or all that are kept.</summary>
    public bool SumsAhead => _sizes.KeepsAll || _sizes.CoarseLevel < _levels;

    /// <summary>What one thread works in.</summary>
    public MultipoleScratch TakeScratch(ref Arena arena)
    {
        int depth = SmoothTails.MostRank * _sizes.Features;
        return new(
            _sizes.KeepsAll ? _window : arena.Take<float>(_slotFloats * _sizes.WindowSlots),
            arena.Take<float>(_levels * LocalFloats),
            arena.Take<float>((long)SmoothTails.MostRank * MostTogether * SmoothTails.MostRank),
            arena.Take<float>((long)Math.Max(_sizes.Features * Tile, _longest * Math.Max(depth + TKernels.Lanes, _sizes.Width))),
            arena.Take<float>((long)_longest * TKernels.Lanes));
    }

    /// <summary>How many chunks make up denominators and numerators.</summary>
    public int Chunks => DenominatorChunks + (FeatureChunks * ColumnChunks);

    /// <summary>One of them, the <paramref name="place"/>-th of its sweep.</summary>
    public MultipoleChunk Chunk(int index, int place)
    {
        float* coarse = _coarse + (place * _coarseFloats);
        if (index < DenominatorChunks)
        {
            int first = index * _sizes.Width;
            return new() { FirstFeature = first, Columns = Math.Min(_sizes.Width, _problem.FeatureStride - first), Coarse = coarse };
        }

        (int featureChunk, int columnChunk) = Math.DivRem(index - DenominatorChunks, ColumnChunks);
        int feature = featureChunk * _sizes.Features, column = columnChunk * _sizes.Columns;
        return new()
        {
            FirstFeature = feature,
            Features = Math.Min(_sizes.Features, _problem.Features - feature),
            FirstColumn = column,
            Columns = Math.Min(_sizes.Columns, _columns - column),
            Coarse = coarse,
        };
    }

    /// <summary>The near field of a segment: three boxes of keys for each of rows.</summary>
    public void Near(int segment, in MultipoleScratch scratch)
    {
        int first = (_rows.First(_sizes.SegmentLevel) + segment) << _sizes.SegmentLevel;
        for (int box = Math.Max(first, _rows.First(0)); box < Math.Min(first + (1 << _sizes.SegmentLevel), _rows.End(0)); box++)
        {
            int row = _rows.Start(0, box), rows = Padding.RoundUp(_rows.Tokens(0, box), TKernels.RowTile);
            int firstBlock = Math.Max(box - 1, 0), endBlock = Math.Min(box + 2, _blocks.Count);
            if (rows == 0 || firstBlock >= endBlock) continue;
            new Span<float>(scratch.RowSums, rows * TKernels.Lanes).Clear();
            DirectMethod<TKernels>.AddBlocks(_problem, _problem.Position.Window, _blocks, new TileTarget(_sums, row, rows, scratch.RowSums), firstBlock, endBlock);
            LaneSums.MoveTo<TKernels>(_sums.Denominators + row, scratch.RowSums, rows);
        }
    }

    /// <summary>Sums the state of a coarse box of keys.</summary>
    public void SumCoarse(int box, in MultipoleChunk chunk, in MultipoleScratch scratch) =>
        SumBoxes(box, chunk, scratch, Math.Min(_sizes.CoarseLevel, _levels - 1));

    /// <summary>Passes the states of coarse boxes up to the coarsest.</summary>
    public void PassUp(in MultipoleChunk chunk, in MultipoleScratch scratch)
    {
        for (int level = _sizes.CoarseLevel; level + 1 < _levels; level++)
        {
            for (int parent = 0; parent < _keys.End(level + 1); parent++) SumParent(level, 2 * parent, chunk, scratch);
        }
    }

    /// <summary>The far field of a segment of rows.</summary>
    public void PassDown(int segment, in MultipoleChunk chunk, in MultipoleScratch scratch)
    {
        int box = _rows.First(_sizes.SegmentLevel) + segment;
        if (_rows.Tokens(_sizes.SegmentLevel, box) == 0) return;
        for (int level = _levels - 1; level > _sizes.SegmentLevel; level--) TakeLocal(level, box >> (level - _sizes.SegmentLevel), chunk, scratch);
        int next = _sizes.KeepsAll ? CoarseBoxes : Math.Max((box << (_sizes.SegmentLevel - _sizes.CoarseLevel)) - 1, 0);
        PassDown(_sizes.SegmentLevel, box, chunk, scratch, ref next);
    }

    /// <summary>Leaves of a box take what boxes of keys give them, the box's own and all smaller ones' on the way.</summary>
    /// <param name="level">The box's level.</param>
    /// <param name="box">The box.</param>
    /// <param name="chunk">What is taken.</param>
    /// <param name="scratch">Where.</param>
    /// <param name="next">The next coarse box of keys whose smaller boxes have no states yet.</param>
    private void PassDown(int level, int box, in MultipoleChunk chunk, in MultipoleScratch scratch, ref int next)
    {
        if (_rows.Tokens(level, box) == 0) return;
        if (level == _sizes.CoarseLevel)
        {
            for (; next < Math.Min(box + 2, CoarseBoxes); next++) SumBoxes(next, chunk, scratch, Math.Min(_sizes.CoarseLevel, _levels) - 1);
        }

        if (level < _levels) TakeLocal(level, box, chunk, scratch);
        if (level > 0)
        {
            PassDown(level - 1, 2 * box, chunk, scratch, ref next);
            PassDown(level - 1, (2 * box) + 1, chunk, scratch, ref next);
        }
        else if (chunk.IsDenominators) StoreDenominators(box, chunk, scratch);
        else StoreNumerators(box, chunk, scratch);
    }

    /// <summary>
    /// Sums the states of all boxes within a coarse box up to <paramref name="lastLevel"/>, each handed on to the box around it once it is
    /// complete: states are still in cache.
    /// </summary>
    private void SumBoxes(int coarseBox, in MultipoleChunk chunk, in MultipoleScratch scratch, int lastLevel)
    {
        int first = coarseBox << _sizes.CoarseLevel, end = Math.Min(first + (1 << _sizes.CoarseLevel), _keys.End(0));
        for (int box = first; lastLevel >= 0 && box < end; box++)
        {
            SumLeaf(box, chunk, scratch);
            for (int level = 0, child = box; level < lastLevel && ((child & 1) != 0 || child == _keys.End(level) - 1); level++, child >>= 1)
                SumParent(level, child & ~1, chunk, scratch);
        }
    }

    private void SumLeaf(int box, in MultipoleChunk chunk, in MultipoleScratch scratch)
    {
        float* target = State(0, box, chunk, scratch);
        if (chunk.IsDenominators)
        {
            TKernels.Multiply(
                _ranks[0], Tile, chunk.Columns, KeyWeights(box), _sizes.Features * Tile,
                _problem.Key + ((long)box * Tile * _problem.FeatureStride) + chunk.FirstFeature, _problem.FeatureStride, target, chunk.NodeFloats);
            return;
        }

        // Keys times what a node's polynomial is at them, [feature, token].
        int floats = chunk.Features * Tile;
        var keys = new ReadOnlySpan<float>(_blocks.Keys(box) + ((long)chunk.FirstFeature * Tile), floats);
        float* values = _blocks.Values(box) + chunk.FirstColumn;
        for (int p = 0; p < _ranks[0]; p++, target += chunk.NodeFloats)
        {
            TensorPrimitives.Multiply(keys, new ReadOnlySpan<float>(KeyWeights(box) + ((long)p * _sizes.Features * Tile), floats), new Span<float>(scratch.Leaf, floats));
            TKernels.Multiply(chunk.Features, Tile, chunk.Columns, scratch.Leaf, Tile, values, _blocks.ValueStride, target, chunk.Columns);
        }
    }

    /// <summary>A box's state from its two halves', the second of which may be missing.</summary>
    private void SumParent(int level, int firstChild, in MultipoleChunk chunk, in MultipoleScratch scratch)
    {
        int rank = _ranks[level], parentRank = _ranks[level + 1], depth = firstChild + 1 < _keys.End(level) ? 2 * rank : rank;
        float* matrix = scratch.Matrix;
        for (int half = 0; half * rank < depth; half++)
        {
            float* toParent = _keys.ToParent(level, firstChild + half), column = matrix + (half * rank);
            for (int p = 0; p < rank; p++)
            {
                for (int q = 0; q < parentRank; q++) column[(q * depth) + p] = toParent[(p * parentRank) + q];
            }
        }

        TKernels.Multiply(
            parentRank, depth, chunk.Width, matrix, depth, State(level, firstChild, chunk, scratch), chunk.NodeFloats,
            State(level + 1, firstChild >> 1, chunk, scratch), chunk.NodeFloats);
    }

    /// <summary>What the rows of a box get: from the box around it, and from boxes of its own size that are far from it but not from that one.</summary>
    private void TakeLocal(int level, int box, in MultipoleChunk chunk, in MultipoleScratch scratch)
    {
        float* local = Local(level, scratch);
        bool isTop = level == _levels - 1;
        if (isTop) new Span<float>(local, _ranks[level] * LocalStride(level, chunk)).Clear();
        else
        {
            TKernels.Multiply(
                _ranks[level], _ranks[level + 1], chunk.Width, _rows.ToParent(level, box), _ranks[level + 1],
                Local(level + 1, scratch), LocalStride(level + 1, chunk), local, LocalStride(level, chunk));
        }

        // Boxes of the coarsest level have no box around them that could have met others; a tree that is cut off there neglects those.
        int first = 0, end = _keys.End(level);
        if (level < _sizes.Levels - 1)
        {
            first = Math.Max(((box >> 1) - 1) * 2, 0);
            end = Math.Min(((box >> 1) + 2) * 2, end);
        }

        TakeFrom(level, box, first, Math.Min(box - 1, end), local, chunk, scratch);
        TakeFrom(level, box, Math.Max(box + 2, first), end, local, chunk, scratch);
    }

    /// <summary>Adds what far boxes of keys hold, some at a time: coefficients between nodes are entries of c.</summary>
    private void TakeFrom(int level, int box, int firstSource, int endSource, float* local, in MultipoleChunk chunk, in MultipoleScratch scratch)
    {
        int rank = _ranks[level];
        int* rowNodes = _rows.Nodes(level, box);
        long rowStart = _rows.Start(level, box) - (long)_problem.Offset;
        float* c = _problem.Position.Coefficients, matrix = scratch.Matrix;
        int firstVisible = _problem.Position.FirstNonZero, lastVisible = _problem.Position.LastNonZero;
        for (int source = firstSource; source < endSource; source += MostTogether)
        {
            int together = Math.Min(MostTogether, endSource - source), depth = together * rank;
            bool any = false;
            new Span<float>(matrix, rank * depth).Clear();
            for (int s = 0; s < together; s++)
            {
                int* keyNodes = _keys.Nodes(level, source + s);
                float* columns = matrix + (s * rank);
                long start = _keys.Start(level, source + s) - rowStart;
                if (start + keyNodes[rank - 1] < firstVisible || start - rowNodes[rank - 1] > lastVisible) continue;
                any = true;
                for (int p = 0; p < rank; p++, columns += depth)
                {
                    for (int q = 0; q < rank; q++)
                    {
                        long t = start + keyNodes[q] - rowNodes[p];
                        columns[q] = t >= firstVisible && t <= lastVisible ? c[t] : 0;
                    }
                }
            }

            if (!any) continue;
            TKernels.MultiplyAdd(
                rank, depth, chunk.Width, matrix, depth, State(level, source, chunk, scratch), chunk.NodeFloats, local, LocalStride(level, chunk));
        }
    }

    private void StoreDenominators(int box, in MultipoleChunk chunk, in MultipoleScratch scratch)
    {
        int first = _rows.Start(0, box), rows = _rows.Tokens(0, box), stride = chunk.Columns;
        float* leaf = scratch.Leaf;
        TKernels.Multiply(
            rows, _ranks[0], stride, RowWeights(rows) + (SmoothTails.MostRank * _longest), SmoothTails.MostRank, Local(0, scratch), stride, leaf, stride);
        for (int row = 0; row < rows; row++)
        {
            float* query = _problem.Query + ((long)(first + row) * _problem.FeatureStride) + chunk.FirstFeature;
            _sums.Denominators[first + row] += TKernels.Dot(query, leaf + ((long)row * stride), Math.Min(stride, _problem.Features - chunk.FirstFeature));
        }
    }

    private void StoreNumerators(int box, in MultipoleChunk chunk, in MultipoleScratch scratch)
    {
        int first = _rows.Start(0, box), rows = _rows.Tokens(0, box);
        int rank = _ranks[0], depth = rank * chunk.Features, stride = depth + TKernels.Lanes;
        float* weights = RowWeights(rows), leaf = scratch.Leaf, query = _problem.Query + ((long)first * _problem.FeatureStride) + chunk.FirstFeature;

        // Whole vectors: what they hold beyond a node's features, the next node overwrites or nobody reads.
        for (int p = 0; p < rank; p++)
            TKernels.ScaleRows(query, _problem.FeatureStride, rows, chunk.Features, weights + (p * _longest), leaf + (p * chunk.Features), stride);
        TKernels.MultiplyAdd(
            rows, depth, chunk.Columns, leaf, stride, Local(0, scratch), chunk.Columns, _sums.Numerators + ((long)first * _columns) + chunk.FirstColumn, _columns);
    }

    /// <summary>Most leaves are alike: only lengths that occur are filled in, each once.</summary>
    private void FillLeafWeights()
    {
        bool* filled = stackalloc bool[_longest + 1];
        new Span<bool>(filled, _longest + 1).Clear();
        for (int box = _rows.First(0); box < _rows.End(0); box++) FillRowWeights(_rows.Tokens(0, box), filled);
        new Span<float>(_keyWeights, (int)(2 * KeyWeightFloats)).Clear();
        for (int box = Math.Max(_blocks.Count - 2, 0); box < _blocks.Count; box++) FillKeyWeights(_keys.Tokens(0, box), KeyWeights(box));
    }

    private void FillRowWeights(int length, bool* filled)
    {
        if (filled[length]) return;
        filled[length] = true;
        new Span<float>(RowWeights(length), (int)RowWeightFloats).Clear();
        double* weights = stackalloc double[_ranks[0]];
        for (int token = 0; token < length; token++)
        {
            LeafWeights(length, token, weights);
            float* byNode = RowWeights(length), byToken = byNode + (SmoothTails.MostRank * _longest);
            for (int p = 0; p < _ranks[0]; p++) byNode[(p * _longest) + token] = byToken[(token * SmoothTails.MostRank) + p] = (float)weights[p];
        }
    }

    private void FillKeyWeights(int length, float* target)
    {
        double* weights = stackalloc double[_ranks[0]];
        for (int token = 0; token < length; token++)
        {
            LeafWeights(length, token, weights);
            for (int row = 0; row < _ranks[0] * _sizes.Features; row++) target[(row * Tile) + token] = (float)weights[row / _sizes.Features];
        }
    }

    private void LeafWeights(int length, int token, double* weights)
    {
        int* nodes = stackalloc int[_ranks[0]];
        Interpolation.Nodes(Math.Max(length, 1), _ranks[0], nodes);
        Interpolation.Weights(nodes, length, _ranks[0], token, weights);
    }

    /// <summary><c>[node, feature, token]</c> of a leaf of keys, the same for every feature of a chunk: a whole one's, or the last one's, zero beyond its tokens.</summary>
    private float* KeyWeights(int box) => _keyWeights + (box == _blocks.Count - 1 ? KeyWeightFloats : 0);

    private int DenominatorChunks => (_problem.Features + _sizes.Width - 1) / _sizes.Width;

    private int FeatureChunks => (_problem.Features + _sizes.Features - 1) / _sizes.Features;

    private int ColumnChunks => (_columns + _sizes.Columns - 1) / _sizes.Columns;

    private long KeyWeightFloats => (long)SmoothTails.MostRank * _sizes.Features * Tile;

    /// <summary><c>[node, token]</c> of a leaf of that many rows, then <c>[token, node]</c>.</summary>
    private float* RowWeights(int length) => _rowWeights + (length * RowWeightFloats);

    private long RowWeightFloats => 2L * SmoothTails.MostRank * _longest;

    private float* State(int level, int box, in MultipoleChunk chunk, in MultipoleScratch scratch)
    {
        int above = _sizes.CoarseLevel - level;
        if (above <= 0) return chunk.Coarse + ((CoarseNodes(level) + ((long)box * _ranks[level])) * chunk.NodeFloats);
        int slot = (box >> above) % _sizes.WindowSlots, inside = box & ((1 << above) - 1);
        return scratch.Window + (slot * _slotFloats) + ((NodesBelow(level) + (inside * _ranks[level])) * chunk.NodeFloats);
    }

    /// <summary>Nodes of the boxes of keys at coarse levels before <paramref name="level"/>.</summary>
    private long CoarseNodes(int level)
    {
        long nodes = 0;
        for (int smaller = _sizes.CoarseLevel; smaller < level; smaller++) nodes += (long)_keys.End(smaller) * _ranks[smaller];
        return nodes;
    }

    /// <summary>Nodes of the boxes within a coarse box at levels before <paramref name="level"/>.</summary>
    private long NodesBelow(int level)
    {
        long nodes = 0;
        for (int smaller = 0; smaller < Math.Min(level, _levels); smaller++) nodes += (1L << (_sizes.CoarseLevel - smaller)) * _ranks[smaller];
        return nodes;
    }

    private float* Local(int level, in MultipoleScratch scratch) => scratch.Local + (level * LocalFloats);

    /// <summary>Floats from node to node of what rows take; at the leaves products take nodes and features in one.</summary>
    private static int LocalStride(int level, in MultipoleChunk chunk) => level == 0 ? chunk.Width : chunk.NodeFloats;

    private long LocalFloats => (long)SmoothTails.MostRank * _widest;
}
