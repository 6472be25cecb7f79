using FastAttn.Memory;

namespace FastAttn.Toeplitz;

/// <summary>
/// Columns of an operand on their way into packed rows: the strides of a matrix are mostly a power of two, which thrashes the cache's sets.
/// </summary>
internal readonly unsafe struct OperandBlock
{
    private readonly ToeplitzColumns _columns;
    private readonly ColumnScaling _scaling;
    private readonly ulong _notFinite;
    private readonly int _blockColumns;

    /// <param name="columns">The columns.</param>
    /// <param name="scaling">What packed columns are multiplied by.</param>
    /// <param name="notFinite">A bit for each column in which a NaN or an infinity stands; it is packed as zero.</param>
    /// <param name="blockColumns">Columns of a packed row.</param>
    public OperandBlock(in ToeplitzColumns columns, ColumnScaling scaling, ulong notFinite, int blockColumns)
    {
        _columns = columns;
        _scaling = scaling;
        _notFinite = notFinite;
        _blockColumns = blockColumns;
        IsAsItStands = notFinite == 0 && scaling.IsOne(columns.Width);
    }

    /// <summary>True when nothing is scaled or left out on the way.</summary>
    public bool IsAsItStands { get; }

    /// <summary>Packs rows from <paramref name="row"/> on; zeros after the data, for rows that are not there and for what is not finite.</summary>
    /// <param name="row">The first row.</param>
    /// <param name="count">Rows.</param>
    /// <param name="packed">Where they go, one after the other.</param>
    /// <param name="squares">Null, or where the squares of each packed column are added up.</param>
    public void Load(int row, int count, float* packed, float* squares)
    {
        int end = Math.Clamp(_columns.Rows, row, row + count);
        for (int start = row, next; start < end; start = next)
        {
            next = _columns.RunEnd(start, end);
            float* target = packed + ((long)(start - row) * _blockColumns);
            if (!_columns.HasRow(start)) Clearing.Clear(target, (long)(next - start) * _blockColumns);
            else if (squares is null || !IsAsItStands) _scaling.Move<ColumnScaling.Overwriting>(Source(start), _columns.XStride, next - start, _columns.Width, target, _blockColumns);
            else ColumnSquares.Copy(Source(start), _columns.XStride, next - start, _columns.Width, target, _blockColumns, squares);
        }

        if (_notFinite != 0) ClearNotFinite(end - row, packed);
        if (_columns.Width < _blockColumns) ClearBeyondData(end - row, packed);
        if (squares is not null && !IsAsItStands) ColumnSquares.Copy(packed, _blockColumns, end - row, _columns.Width, packed, _blockColumns, squares);
        Clearing.Clear(packed + ((long)(end - row) * _blockColumns), (long)(row + count - end) * _blockColumns);
    }

    private float* Source(int row) => _columns.X + (row * _columns.XStride);

    private void ClearNotFinite(int rows, float* packed)
    {
        for (int column = 0; column < _columns.Width; column++)
        {
            if ((_notFinite >> column & 1) == 0) continue;
            for (long row = 0; row < rows; row++)
            {
                ref float value = ref packed[(row * _blockColumns) + column];
                if (!float.IsFinite(value)) value = 0;
            }
        }
    }

    private void ClearBeyondData(int rows, float* packed)
    {
        int width = _columns.Width;
        for (long row = 0; row < rows; row++) new Span<float>(packed + (row * _blockColumns) + width, _blockColumns - width).Clear();
    }
}
