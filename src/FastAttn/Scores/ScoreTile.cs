using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Sums;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Scores;

/// <summary>
/// Query rows of one head, which stay in the second-level cache while all blocks of keys stream by. What a row yields does not
/// depend on the rows beside it.
/// </summary>
internal readonly unsafe struct ScoreTile<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>
    /// From this magnitude on, 2³¹ values times weights of 2⁸ may overflow; weights are then 2⁴⁰ times smaller, which takes
    /// nothing from numbers that count beside such values.
    /// </summary>
    private const float LoudValue = 3.0948501e26f, Headroom = 40;

    /// <summary>
    /// Scores that may be larger than 2¹²⁰ may leave float32, and would then spoil rows that do not even see the key; such rows are computed alone.
    /// </summary>
    private const double LargestScore = 1.329228e36;

    /// <summary>
    /// Float32 numbers below −2¹⁶ are 2⁻⁷ apart or more: digits of scores are lost beside such biases. Rows that see nothing better are computed alone.
    /// </summary>
    private const float FaintScore = -65_536;

    private readonly ScoreProblem _problem;
    private readonly ScoreKeys _keys;
    private readonly float* _queries;
    private readonly float* _numerators;
    private readonly float* _references;
    private readonly float* _rowSums;
    private readonly float* _sums;
    private readonly ScoreTotals<TKernels> _totals;
    private readonly QueryState* _states;
    private readonly double* _own;
    private readonly float* _biases;
    private readonly float* _part;
    private readonly float* _rows;
    private readonly double* _total;

    public ScoreTile(in ScoreProblem problem, ScoreKeys keys, int rows, ref Arena arena)
    {
        _problem = problem;
        _keys = keys;
        int padded = Padding.RoundUp(rows, TKernels.RowTile);
        _queries = arena.Take<float>((long)padded * problem.Query.Columns);
        _numerators = arena.Take<float>((long)padded * keys.ValueStride);
        _references = arena.Take<float>(padded);
        _rowSums = arena.Take<float>((long)padded * TKernels.Lanes);
        _sums = arena.Take<float>(padded);
        _totals = new ScoreTotals<TKernels>(padded, keys.ValueStride, keys.Blocks, ref arena);
        _states = arena.Take<QueryState>(padded);
        _own = arena.Take<double>(padded);
        _biases = arena.Take<float>(problem.Bias.Layout.IsLine ? 0 : GridRows * GridTile.Stride);
        _part = arena.Take<float>(keys.ValueStride);
        _rows = arena.Take<float>(2L * problem.Query.Columns);
        _total = arena.Take<double>(problem.Value.Columns);
    }

    /// <summary>Rows of a grid whose biases are gathered at a time, which stay in the first-level cache.</summary>
    private static int GridRows => 4 * TKernels.RowTile;

    /// <summary>What becomes of a query.</summary>
    private enum QueryState : byte
    {
        /// <summary>Computed in the tile.</summary>
        Scored,

        /// <summary>By itself in float64: too far from the centre, or with scores beyond float32.</summary>
        Alone,

        /// <summary>Holds NaN or infinity.</summary>
        NonFinite,
    }

    /// <summary>Computes rows <paramref name="first"/> … <paramref name="first"/> + <paramref name="count"/> − 1.</summary>
    public void Compute(int first, int count)
    {
        int padded = Padding.RoundUp(count, TKernels.RowTile);
        float headroom = _keys.LargestValue() < LoudValue ? 0 : Headroom;

        // Without a bias no score of the Gaussian kernel is above zero: weights are taken as they are, and what underflows is nothing, because nothing divides it.
        bool isAbsolute = _problem.IsGaussian && _problem.Bias.IsAbsent && headroom == 0;
        if (_problem.IsGaussian) MeasureQueries(first, count, isAbsolute);
        else CopyQueries(first, count);
        new Span<float>(_queries + (count * _problem.Query.Columns), (padded - count) * _problem.Query.Columns).Clear();
        new Span<float>(_references + count, padded - count).Fill(float.MinValue);
        new Span<float>(_numerators, padded * _keys.ValueStride).Clear();
        new Span<float>(_rowSums, padded * TKernels.Lanes).Clear();
        new Span<float>(_sums, padded).Clear();
        _totals.Begin(_references);
        for (int block = 0, end; block < _keys.Blocks; block = end)
        {
            CallWatch.Look();
            float* numerators = block == 0 ? _numerators : _totals.Part;
            bool any = false;
            for (end = Math.Min(block + ScoreTotals<TKernels>.BlocksPerPart, _keys.Blocks); block < end; block++)
                any |= AddBlock(block, first, count, headroom, numerators);
            if (any) _totals.Join(_references, _rowSums, _sums, numerators, _numerators);
        }

        if (_problem.IsGaussian) StoreWeighted(first, count, isAbsolute, headroom);
        else StoreAveraged(first, count);
        for (int block = 0; block < _keys.Blocks; block++)
        {
            if (!_keys.IsFinite(block)) SpreadKeys(first, count, block * KernelShape.KeyTile);
        }
    }

    private void CopyQueries(int first, int count)
    {
        int columns = _problem.Query.Columns;

        // Keys are packed in the unit of their scores, which float32 must have for that.
        double keyNorm = _keys.LargestNorm() * _problem.Unit, mostNorm = LargestScore / keyNorm;
        bool areAlone = keyNorm > LargestScore || !float.IsNormal((float)_problem.Unit);
        for (int row = 0; row < count; row++)
        {
            float* copy = _queries + (row * columns), query = _problem.Query.Read(first + row, copy);
            double norm = Math.Sqrt(WideSum.OfSquares(query, columns));
            _references[row] = float.MinValue;
            _states[row] = !double.IsFinite(norm) ? QueryState.NonFinite : areAlone || norm > mostNorm ? QueryState.Alone : QueryState.Scored;
            if (_states[row] != QueryState.Scored) new Span<float>(copy, columns).Clear();
            else if (query != copy) new ReadOnlySpan<float>(query, columns).CopyTo(new Span<float>(copy, columns));
        }
    }

    /// <summary>Copies queries relative to the centre.</summary>
    private void MeasureQueries(int first, int count, bool isAbsolute)
    {
        int columns = _problem.Query.Columns;
        for (int row = 0; row < count; row++)
        {
            float* copy = _queries + (row * columns), query = _problem.Query.Read(first + row, copy);
            double square = GaussianFrame.Relative(query, _keys.Centre, copy, columns);
            _own[row] = -0.5 * _problem.Unit * square;
            _references[row] = isAbsolute ? (float)-_own[row] : float.MinValue;
            _states[row] = QueryState.Scored;
            if (square <= GaussianFrame.MostSquare) continue;
            _states[row] = _problem.Query.AllFinite<TKernels>(first + row) ? QueryState.Alone : QueryState.NonFinite;
            _references[row] = float.MinValue;
            new Span<float>(copy, columns).Clear();
        }
    }

    /// <summary>One block of keys, against the rows that may see some of it; false when there are none.</summary>
    private bool AddBlock(int block, int first, int count, float headroom, float* numerators)
    {
        HeadBias bias = _problem.Bias;
        TokenLayout layout = bias.Layout;
        int key = block * KernelShape.KeyTile, lastKey = Math.Min(key + KernelShape.KeyTile, _problem.KeptKeys) - 1;
        long from = first, to = first + count - 1;
        if (layout.Specials == 0)
        {
            from = Math.Max(layout.TokensBefore((long)layout.Place(key) - bias.LastVisible), from);
            to = Math.Min(layout.TokensBefore((long)layout.Place(lastKey) - bias.FirstVisible + 1) - 1, to);
        }

        if (from > to) return false;
        int row = (int)(from - first) / TKernels.RowTile * TKernels.RowTile, end = Padding.RoundUp((int)(to - first) + 1, TKernels.RowTile);
        if (layout.IsLine)
        {
            AddRows(block, row, end - row, bias.From(first + row, key), bias.Stride, headroom, numerators);
            return true;
        }

        for (int next; row < end; row = next)
        {
            next = Math.Min(row + GridRows, end);
            GridTile.Gather<TKernels>(
                layout, (float*)bias.AtZero, first + row, next - row, _problem.Query.Count, key, _problem.Key.Count, _biases);
            AddRows(block, row, next - row, _biases, GridTile.Stride, headroom, numerators);
        }

        return true;
    }

    private void AddRows(int block, int row, int rows, float* biases, nint biasStride, float headroom, float* numerators)
    {
        int columns = _problem.Query.Columns, valueStride = _keys.ValueStride;
        TKernels.SoftmaxTile(
            rows, columns, valueStride, _queries + (row * columns), columns, _keys.Keys(block), biases, biasStride,
            _keys.Values(block), valueStride, numerators + (row * valueStride), valueStride,
            headroom, _references + row, _rowSums + (row * TKernels.Lanes));
    }

    /// <summary>Sums over weights: softmax.</summary>
    private void StoreAveraged(int first, int count)
    {
        RowSource destination = _problem.Destination;
        for (int row = 0; row < count; row++)
        {
            if (_states[row] == QueryState.NonFinite) destination.Fill(first + row, float.NaN);
            else if (_states[row] == QueryState.Alone || (_references[row] < FaintScore && _references[row] > float.MinValue)) SoftmaxRow.Store<TKernels>(_problem, _keys, first + row, _total, _part, _rows);
            else destination.Write<TKernels>(first + row, _numerators + (row * _keys.ValueStride), _sums[row] == 0 ? 0 : 1 / _sums[row]);
        }
    }

    /// <summary>Sums in full: the Gaussian kernel.</summary>
    private void StoreWeighted(int first, int count, bool isAbsolute, float headroom)
    {
        for (int row = 0; row < count; row++)
        {
            float* numerators = _numerators + (row * _keys.ValueStride);
            if (_states[row] == QueryState.NonFinite) _problem.Destination.Fill(first + row, float.NaN);
            else if (_states[row] == QueryState.Alone) GaussianDifferences<TKernels>.Store(_problem, _keys, first + row, headroom, _part, _total, _rows);
            else if (isAbsolute) _problem.Destination.Write<TKernels>(first + row, numerators, 1);
            else StoreRaised(first + row, numerators, _references[row] + headroom + _own[row] + _problem.Bias.Largest);
        }
    }

    /// <summary>Numerators times a power of two that float32 may not hold, though it holds the products.</summary>
    private void StoreRaised(int row, float* numerators, double power)
    {
        // A half beyond 2¹²⁷ would make NaN of zeros; what it scales overflows in any case.
        bool isNormal = power is > -126 and < 128;
        float factor = (float)Math.Pow(2, isNormal ? power : Math.Min(power / 2, 127));
        if (!isNormal) TKernels.Scale(numerators, numerators, _problem.Destination.Columns, factor);
        _problem.Destination.Write<TKernels>(row, numerators, factor);
    }

    /// <summary>NaN where the answer depends on NaN or infinity in a block: a key the rows that see it, a value entry its column of those.</summary>
    private void SpreadKeys(int first, int count, int firstKey)
    {
        int columns = _problem.Value.Columns;
        for (int j = firstKey; j < Math.Min(firstKey + KernelShape.KeyTile, _problem.KeptKeys); j++)
        {
            if (_keys.State(j) == RowState.Masked) continue;
            bool isKey = _keys.State(j) == RowState.NonFinite;
            if (!isKey && _problem.Value.AllFinite<TKernels>(j)) continue;
            float* value = _problem.Value.Read(j, _part);
            for (int i = first; i < first + count; i++)
            {
                if (!_problem.Bias.Sees(i, j)) continue;
                for (int column = 0; column < columns; column++)
                {
                    if (isKey || !float.IsFinite(value[column])) _problem.Destination.Set(i, column, float.NaN);
                }
            }
        }
    }
}
