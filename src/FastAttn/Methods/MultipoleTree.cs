using System.Numerics.Tensors;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>
/// The boxes of one multipole computation: what keys put into them, passed up; what rows take out of them, passed down. A state
/// is <c>[node, width]</c>: for numerators the products of a chunk of features with all value columns, for denominators the
/// features themselves.
/// </summary>
internal readonly unsafe struct MultipoleTree<TKernels>
    where TKernels : struct, IKernels
{
    private const int Tile = SmoothTails.LeafTokens;

    /// <summary>Boxes of the coarsest level: none is far from none but a few.</summary>
    private const int CoarsestBoxes = 4;

    /// <summary>Boxes in a row that one product takes together.</summary>
    private const int MostTogether = 2;

    private readonly HeadProblem _problem;
    private readonly KeyBlocks _blocks;
    private readonly PartialSums _sums;
    private readonly BoxGrid _keys;
    private readonly BoxGrid _rows;
    private readonly int _center;
    private readonly int _rank;
    private readonly int _paddedRank;
    private readonly int _chunk;
    private readonly int _columns;
    private readonly int _longest;
    private readonly float* _states;
    private readonly float* _local;
    private readonly float* _matrix;
    private readonly float* _leaf;
    private readonly float* _weights;
    private readonly float* _keyWeights;
    private readonly float* _rowSums;

    public MultipoleTree(in HeadProblem problem, KeyBlocks blocks, in PartialSums sums, int center, int rank, int chunk, ref Arena arena)
    {
        _problem = problem;
        _blocks = blocks;
        _sums = sums;
        _center = center;
        _rank = rank;
        _paddedRank = Padding.RoundUp(rank, TKernels.RowTile);
        _chunk = chunk;
        _columns = sums.NumeratorStride;
        _longest = Padding.RoundUp(Tile + TKernels.RowTile, TKernels.RowTile);
        int levels = 1;
        while ((long)CoarsestBoxes * Tile << (levels - 1) < Math.Max(problem.KeyCount, problem.QueryCount)) levels++;
        _keys = new BoxGrid(problem.KeyCount, 0, 1, levels, rank, _paddedRank, ref arena);
        _rows = new BoxGrid(problem.QueryCount, center - problem.Offset, TKernels.RowTile, levels, rank, _paddedRank, ref arena);
        int widest = Math.Max(chunk * _columns, problem.FeatureStride);

        // Products come in whole register tiles: they add zeros to up to a tile's rows behind a state.
        long slack = (long)TKernels.RowTile * widest;
        _states = arena.Take<float>(((long)_keys.Boxes * rank * widest) + slack);
        _local = arena.Take<float>((long)levels * _paddedRank * widest);
        _matrix = arena.Take<float>((long)_paddedRank * MostTogether * rank);
        _leaf = arena.Take<float>((long)Math.Max(_longest, Padding.RoundUp(rank * chunk, TKernels.RowTile)) * Math.Max(rank * chunk, Math.Max(Tile, problem.FeatureStride)));
        _weights = arena.Take<float>((long)(_longest + 1) * _longest * rank);
        _keyWeights = arena.Take<float>(2L * _paddedRank * Tile);
        _rowSums = arena.Take<float>((long)_longest * TKernels.Lanes);
        if (!arena.IsMeasuring) FillLeafWeights();
    }

    /// <summary>The near field: three boxes of keys for each of rows.</summary>
    public void Near()
    {
        for (int box = _rows.First(0); box < _rows.End(0); box++)
        {
            int first = _rows.Start(0, box), rows = Padding.RoundUp(_rows.Tokens(0, box), TKernels.RowTile);
            int firstBlock = Math.Max(box - 1, 0), endBlock = Math.Min(box + 2, _blocks.Count);
            if (rows == 0 || firstBlock >= endBlock) continue;
            new Span<float>(_rowSums, rows * TKernels.Lanes).Clear();
            DirectMethod<TKernels>.AddBlocks(_problem, _problem.Position.Window, _blocks, _sums, first, rows, firstBlock, endBlock, _rowSums);
            LaneSums.MoveTo<TKernels>(_sums.Denominators + first, _rowSums, rows);
        }
    }

    /// <summary>The far field of the denominators.</summary>
    public void Denominators()
    {
        int width = _problem.FeatureStride;
        for (int box = 0; box < _keys.End(0); box++)
        {
            ClearState(0, box, width);
            TKernels.MultiplyAdd(
                _paddedRank, Tile, width, KeyWeights(box), Tile, _problem.Key + ((long)box * Tile * width), width, State(0, box, width), width);
            PassUp(0, box, width);
        }

        PassDown(width, 0, 0);
    }

    /// <summary>The far field of the numerators, features chunk by chunk.</summary>
    public void Numerators()
    {
        for (int first = 0; first < _problem.Features; first += _chunk)
        {
            int features = Math.Min(_chunk, _problem.Features - first), width = features * _columns, rows = _rank * features;
            int paddedRows = Padding.RoundUp(rows, TKernels.RowTile);
            new Span<float>(_leaf, paddedRows * Tile).Clear();
            for (int box = 0; box < _keys.End(0); box++)
            {
                ClearState(0, box, width);
                for (int p = 0; p < _rank; p++)
                {
                    var weights = new ReadOnlySpan<float>(KeyWeights(box) + (p * Tile), Tile);
                    for (int a = 0; a < features; a++)
                    {
                        var key = new ReadOnlySpan<float>(_blocks.Keys(box) + ((long)(first + a) * Tile), Tile);
                        TensorPrimitives.Multiply(key, weights, new Span<float>(_leaf + (((p * features) + a) * Tile), Tile));
                    }
                }

                TKernels.MultiplyAdd(paddedRows, Tile, _columns, _leaf, Tile, _blocks.Values(box), _columns, State(0, box, width), _columns);
                PassUp(0, box, width);
            }

            PassDown(width, first, features);
        }
    }

    /// <summary>
    /// Hands a box's state to the box around it, and that one's on once it has all: states are still in cache. What products add
    /// behind a state, zeros, meets states that are cleared later or are finished.
    /// </summary>
    private void PassUp(int level, int box, int width)
    {
        if (level + 1 == _keys.Levels) return;
        int parent = box >> 1;
        if (box == 2 * parent) ClearState(level + 1, parent, width);
        float* toParent = _keys.ToParent(level, box);
        new Span<float>(_matrix, _paddedRank * _rank).Clear();
        for (int p = 0; p < _rank; p++)
        {
            for (int q = 0; q < _rank; q++) _matrix[(q * _rank) + p] = toParent[(p * _rank) + q];
        }

        Multiply(_matrix, _rank, State(level, box, width), State(level + 1, parent, width), width);
        if (box != 2 * parent || box == _keys.End(level) - 1) PassUp(level + 1, parent, width);
    }

    private void PassDown(int width, int firstFeature, int features)
    {
        int top = _rows.Levels - 1;
        for (int box = _rows.First(top); box < _rows.End(top); box++) PassDown(top, box, width, firstFeature, features);
    }

    /// <summary>What the rows of a box get: from the box around it, and from boxes of its own size that are far from it but not from that one.</summary>
    private void PassDown(int level, int box, int width, int firstFeature, int features)
    {
        if (_rows.Tokens(level, box) == 0) return;
        float* local = Local(level, width);
        Clearing.Clear(local, (long)_paddedRank * width);
        bool isTop = level == _rows.Levels - 1;
        if (!isTop) Multiply(_rows.ToParent(level, box), _rank, Local(level + 1, width), local, width);
        int first = isTop ? 0 : Math.Max(((box >> 1) - 1) * 2, 0), end = isTop ? _keys.End(level) : Math.Min(((box >> 1) + 2) * 2, _keys.End(level));
        TakeFrom(level, box, first, Math.Min(box - 1, end), local, width);
        TakeFrom(level, box, Math.Max(box + 2, first), end, local, width);
        if (level > 0)
        {
            PassDown(level - 1, 2 * box, width, firstFeature, features);
            PassDown(level - 1, (2 * box) + 1, width, firstFeature, features);
        }
        else if (features == 0) StoreDenominators(box, local);
        else StoreNumerators(box, local, firstFeature, features);
    }

    /// <summary>Adds what far boxes of keys hold, some at a time: coefficients between nodes are entries of c.</summary>
    private void TakeFrom(int level, int box, int firstSource, int endSource, float* local, int width)
    {
        int* rowNodes = _rows.Nodes(level, box);
        long rowStart = _rows.Start(level, box) - (long)_problem.Offset;
        float* c = _problem.Position.Coefficients;
        int firstVisible = _problem.Position.FirstNonZero, lastVisible = _problem.Position.LastNonZero;
        for (int source = firstSource; source < endSource; source += MostTogether)
        {
            int together = Math.Min(MostTogether, endSource - source), depth = together * _rank;
            bool any = false;
            new Span<float>(_matrix, _paddedRank * depth).Clear();
            for (int s = 0; s < together; s++)
            {
                int* keyNodes = _keys.Nodes(level, source + s);
                long keyStart = _keys.Start(level, source + s);
                for (int p = 0; p < _rank; p++)
                {
                    for (int q = 0; q < _rank; q++)
                    {
                        long t = keyStart + keyNodes[q] - rowStart - rowNodes[p];
                        if (t < firstVisible || t > lastVisible) continue;
                        float value = c[t];
                        any |= value != 0;
                        _matrix[(p * depth) + (s * _rank) + q] = value;
                    }
                }
            }

            if (any) Multiply(_matrix, depth, State(level, source, width), local, width);
        }
    }

    private void StoreDenominators(int box, float* local)
    {
        int first = _rows.Start(0, box), rows = _rows.Tokens(0, box), paddedRows = Padding.RoundUp(rows, TKernels.RowTile), stride = _problem.FeatureStride;
        new Span<float>(_leaf, paddedRows * stride).Clear();
        TKernels.MultiplyAdd(paddedRows, _rank, stride, LeafWeights(rows), _rank, local, stride, _leaf, stride);
        for (int row = 0; row < rows; row++)
            _sums.Denominators[first + row] += TKernels.Dot(_problem.Query + ((long)(first + row) * stride), _leaf + ((long)row * stride), _problem.Features);
    }

    private void StoreNumerators(int box, float* local, int firstFeature, int features)
    {
        int first = _rows.Start(0, box), rows = _rows.Tokens(0, box), depth = _rank * features;
        float* weights = LeafWeights(rows);
        for (int row = 0; row < rows; row++)
        {
            float* query = _problem.Query + ((long)(first + row) * _problem.FeatureStride) + firstFeature;
            for (int p = 0; p < _rank; p++)
                TKernels.Scale(query, _leaf + ((long)row * depth) + (p * features), features, weights[(row * _rank) + p]);
        }

        int paddedRows = Padding.RoundUp(rows, TKernels.RowTile);
        new Span<float>(_leaf + ((long)rows * depth), (paddedRows - rows) * depth).Clear();
        TKernels.MultiplyAdd(paddedRows, depth, _columns, _leaf, depth, local, _columns, _sums.Numerators + ((long)first * _columns), _columns);
    }

    /// <summary>target += matrix · source, both states; rows beyond the rank add zeros.</summary>
    private void Multiply(float* matrix, int depth, float* source, float* target, int width) =>
        TKernels.MultiplyAdd(_paddedRank, depth, width, matrix, depth, source, width, target, width);

    /// <summary>Most leaves are alike: only lengths that occur are filled in, each once.</summary>
    private void FillLeafWeights()
    {
        bool* filled = stackalloc bool[_longest];
        for (int box = _keys.First(0); box < _keys.End(0); box++) FillLeafWeights(_keys.Tokens(0, box), filled);
        for (int box = _rows.First(0); box < _rows.End(0); box++) FillLeafWeights(_rows.Tokens(0, box), filled);
        new Span<float>(_keyWeights, 2 * _paddedRank * Tile).Clear();
        for (int box = Math.Max(_blocks.Count - 2, 0); box < _blocks.Count; box++)
        {
            int tokens = _keys.Tokens(0, box);
            for (int j = 0; j < tokens; j++)
            {
                for (int p = 0; p < _rank; p++) KeyWeights(box)[(p * Tile) + j] = LeafWeights(tokens)[(j * _rank) + p];
            }
        }
    }

    private void FillLeafWeights(int length, bool* filled)
    {
        if (filled[length]) return;
        filled[length] = true;
        int* nodes = stackalloc int[_rank];
        double* weights = stackalloc double[_rank];
        Interpolation.Nodes(Math.Max(length, 1), _rank, nodes);
        for (int token = 0; token < length; token++)
        {
            Interpolation.Weights(nodes, length, _rank, token, weights);
            for (int p = 0; p < _rank; p++) LeafWeights(length)[(token * _rank) + p] = (float)weights[p];
        }
    }

    /// <summary><c>[node, token]</c> of a leaf of keys: a whole one's, or the last one's, zero beyond its tokens.</summary>
    private float* KeyWeights(int box) => _keyWeights + (box == _blocks.Count - 1 ? _paddedRank * Tile : 0);

    /// <summary><c>[token, node]</c> of a leaf of that many tokens.</summary>
    private float* LeafWeights(int length) => _weights + ((long)length * _longest * _rank);

    private void ClearState(int level, int box, int width) => new Span<float>(State(level, box, width), _rank * width).Clear();

    private float* State(int level, int box, int width) => _states + ((long)_keys.Index(level, box) * _rank * width);

    private float* Local(int level, int width) => _local + ((long)level * _paddedRank * width);
}
