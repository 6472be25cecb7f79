namespace FastAttn.Toeplitz;

/// <summary>Columns of a product on their way out of packed rows.</summary>
internal readonly unsafe struct ProductBlock
{
    private readonly ToeplitzColumns _columns;
    private readonly ColumnScaling _scaling;
    private readonly int _outputLength;
    private readonly int _blockColumns;

    /// <param name="columns">The columns.</param>
    /// <param name="outputLength">Rows of the product.</param>
    /// <param name="scaling">What packed columns are multiplied by.</param>
    /// <param name="blockColumns">Columns of a packed row.</param>
    public ProductBlock(in ToeplitzColumns columns, int outputLength, ColumnScaling scaling, int blockColumns)
    {
        _columns = columns;
        _scaling = scaling;
        _outputLength = outputLength;
        _blockColumns = blockColumns;
        IsPlain = columns.Width == blockColumns && !columns.Adds && columns.Copies == 1 && scaling.IsOne(columns.Width);
    }

    /// <summary>The first element.</summary>
    public float* Matrix => _columns.Y;

    /// <summary>Floats between rows.</summary>
    public nint Stride => _columns.YStride;

    /// <summary>True when a packed row can be made where it belongs.</summary>
    public bool IsPlain { get; }

    /// <summary>Writes packed rows, or adds them, to every place the product goes to; only rows that it has.</summary>
    public void Store(float* packed, int row, int count)
    {
        int present = Math.Clamp(_outputLength - row, 0, count);
        for (int copy = 0; copy < _columns.Copies; copy++)
        {
            float* target = Matrix + (copy * _columns.CopyStride) + (row * Stride);
            if (_columns.Adds) _scaling.Move<ColumnScaling.Adding>(packed, _blockColumns, present, _columns.Width, target, Stride);
            else _scaling.Move<ColumnScaling.Overwriting>(packed, _blockColumns, present, _columns.Width, target, Stride);
        }
    }
}
