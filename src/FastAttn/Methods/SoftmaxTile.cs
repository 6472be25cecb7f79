using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>
/// Query rows of one head, which stay in the second-level cache while all blocks of keys stream by. What a row yields does not
/// depend on the rows beside it.
/// </summary>
internal readonly unsafe struct SoftmaxTile<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>
    /// From this magnitude on, 2³¹ values times weights of 2⁸ may overflow; weights are then 2⁴⁰ times smaller, which takes
    /// nothing from numbers that count beside such values.
    /// </summary>
    private const float LoudValue = 3.0948501e26f, Headroom = 40;

    private readonly SoftmaxCall _call;
    private readonly int _valueStride;
    private readonly float* _queries;
    private readonly float* _numerators;
    private readonly float* _references;
    private readonly float* _rowSums;
    private readonly float* _sums;

    public SoftmaxTile(SoftmaxCall call, int rows, ref Arena arena)
    {
        _call = call;
        _valueStride = Padding.RoundUp(call.Shape.ValueDimension, TKernels.Lanes);
        int padded = Padding.RoundUp(rows, TKernels.RowTile);
        _queries = arena.Take<float>((long)padded * call.Shape.HeadDimension);
        _numerators = arena.Take<float>((long)padded * _valueStride);
        _references = arena.Take<float>(padded);
        _rowSums = arena.Take<float>((long)padded * TKernels.Lanes);
        _sums = arena.Take<float>(padded);
    }

    /// <summary>Computes rows <paramref name="first"/> … <paramref name="first"/> + <paramref name="count"/> − 1 of a head.</summary>
    public void Compute(int head, SoftmaxKeys keys, float* bias, int first, int count)
    {
        int columns = _call.Shape.HeadDimension, padded = Padding.RoundUp(count, TKernels.RowTile);
        float headroom = keys.LargestValue() < LoudValue ? 0 : Headroom;
        bool finite = CopyQueries(head, first, count, padded);
        new Span<float>(_numerators, padded * _valueStride).Clear();
        new Span<float>(_rowSums, padded * TKernels.Lanes).Clear();
        new Span<float>(_references, padded).Fill(float.MinValue);
        for (int block = 0; block < keys.Blocks; block++)
        {
            int key = block * KernelShape.KeyTile;
            int row = Math.Max(_call.FirstQuery(key) - first, 0) / TKernels.RowTile * TKernels.RowTile;
            if (row >= count) break;
            TKernels.SoftmaxTile(
                padded - row, columns, _valueStride, _queries + (row * columns), columns, keys.Keys(block), bias + key - first - row, -1,
                keys.Values(block), _valueStride, _numerators + (row * _valueStride), _valueStride,
                headroom, _references + row, _rowSums + (row * TKernels.Lanes));
        }

        Store(head, first, count);
        if (!finite) SpreadQueries(head, first, count);
        for (int block = 0; block < keys.Blocks; block++)
        {
            if (!keys.IsFinite(block)) SpreadKeys(head, keys, bias, first, count, block * KernelShape.KeyTile);
        }
    }

    private bool CopyQueries(int head, int first, int count, int padded)
    {
        int columns = _call.Shape.HeadDimension;
        float* queries = _call.Query(head) + ((long)first * columns);
        bool finite = TKernels.AllFinite(queries, count * columns);
        var copy = new Span<float>(_queries, padded * columns);
        new ReadOnlySpan<float>(queries, count * columns).CopyTo(copy);
        copy[(count * columns)..].Clear();
        for (int row = 0; row < count && !finite; row++)
        {
            if (!TKernels.AllFinite(queries + (row * columns), columns)) copy.Slice(row * columns, columns).Clear();
        }

        return finite;
    }

    private void Store(int head, int first, int count)
    {
        int columns = _call.Shape.ValueDimension;
        new Span<float>(_sums, count).Clear();
        LaneSums.MoveTo<TKernels>(_sums, _rowSums, count);
        for (int row = 0; row < count; row++)
            TKernels.Scale(_numerators + (row * _valueStride), Destination(head, first + row), columns, _sums[row] == 0 ? 0 : 1 / _sums[row]);
    }

    /// <summary>NaN in the rows of queries with NaN or infinity.</summary>
    private void SpreadQueries(int head, int first, int count)
    {
        int columns = _call.Shape.HeadDimension;
        for (int i = first; i < first + count; i++)
        {
            if (!TKernels.AllFinite(_call.Query(head) + ((long)i * columns), columns))
                new Span<float>(Destination(head, i), _call.Shape.ValueDimension).Fill(float.NaN);
        }
    }

    /// <summary>NaN where the answer depends on NaN or infinity in a block: a key the rows that see it, a value entry its column of those.</summary>
    private void SpreadKeys(int head, SoftmaxKeys keys, float* bias, int first, int count, int firstKey)
    {
        int columns = _call.Shape.ValueDimension;
        for (int j = firstKey; j < Math.Min(firstKey + KernelShape.KeyTile, _call.Shape.KeyLength); j++)
        {
            float* value = _call.Value(head) + ((long)j * columns);
            if (keys.KeyIsFinite(j) && TKernels.AllFinite(value, columns)) continue;
            for (int i = first; i < first + count; i++)
            {
                if (float.IsNegativeInfinity(bias[j - i])) continue;
                float* row = Destination(head, i);
                for (int column = 0; column < columns; column++)
                {
                    if (!keys.KeyIsFinite(j) || !float.IsFinite(value[column])) row[column] = float.NaN;
                }
            }
        }
    }

    private float* Destination(int head, int i) => _call.Destination(head) + ((long)i * _call.Shape.ValueDimension);
}
