namespace FastAttn.Toeplitz;

/// <summary>One block of columns on its way through a product.</summary>
/// <param name="columns">The columns, where the caller keeps them.</param>
/// <param name="exponents">The power of two that each column is divided by.</param>
/// <param name="x">The way in.</param>
/// <param name="y">The way out.</param>
internal readonly unsafe struct ProductCall(in ToeplitzColumns columns, int* exponents, in OperandBlock x, in ProductBlock y)
{
    private readonly ToeplitzColumns _columns = columns;

    /// <summary>The way in.</summary>
    public readonly OperandBlock X = x;

    /// <summary>The way out.</summary>
    public readonly ProductBlock Y = y;

    /// <summary>The power of two that a column is divided by, or <see cref="ColumnExponents.Zero"/>.</summary>
    public int Exponent(int column) => exponents[column];

    /// <summary>A few rows of the operand, as the caller keeps them.</summary>
    public ToeplitzColumns Rows(int first, int count) => _columns with
    {
        X = _columns.X + (first * _columns.XStride),
        Rows = Math.Clamp(_columns.Rows - first, 0, count),
        Mask = _columns.Mask is null ? null : _columns.Mask + first,
    };
}
