using System.Numerics;
using System.Numerics.Tensors;
using FastAttn.Memory;

namespace FastAttn.Toeplitz;

/// <summary>
/// A few columns of a row-major matrix and the powers of two between them and a product's packed rows. Short direct products read
/// and write the matrix itself where there is nothing to scale or to fill up; transforms always pack, because the strides of a
/// matrix are mostly a power of two, which thrashes the cache's sets.
/// </summary>
internal readonly unsafe struct ColumnBlock
{
    private readonly float* _first, _second;
    private readonly int _blockColumns, _width;
    private readonly bool _hasGaps;

    /// <summary>The block from and to which columns go by <c>first·second</c>; a factor that is NaN marks a column that is not finite.</summary>
    /// <param name="matrix">The block's first element.</param>
    /// <param name="rows">Rows of the matrix.</param>
    /// <param name="stride">Columns of the matrix.</param>
    /// <param name="width">Columns that hold data.</param>
    /// <param name="first">A power of two for each of a packed row's columns.</param>
    /// <param name="second">Another: 2^±250 is no float32.</param>
    /// <param name="blockColumns">Columns of a packed row.</param>
    public ColumnBlock(float* matrix, int rows, int stride, int width, float* first, float* second, int blockColumns)
    {
        Matrix = matrix;
        Rows = rows;
        Stride = stride;
        _width = width;
        _first = first;
        _second = second;
        _blockColumns = blockColumns;
        _hasGaps = width < blockColumns || float.IsNaN(TensorPrimitives.Sum(new ReadOnlySpan<float>(first, width)));
        IsPlain = width == blockColumns
            && !new ReadOnlySpan<float>(first, width).ContainsAnyExcept(1f)
            && !new ReadOnlySpan<float>(second, width).ContainsAnyExcept(1f);
    }

    /// <summary>The first element.</summary>
    public float* Matrix { get; }

    /// <summary>Rows of the matrix.</summary>
    public int Rows { get; }

    /// <summary>Floats between rows.</summary>
    public int Stride { get; }

    /// <summary>True when a row of the matrix is a packed row as it is.</summary>
    public bool IsPlain { get; }

    /// <summary>Two factors of half the exponent each.</summary>
    public static (float First, float Second) Factors(int exponent) =>
        exponent == 0 ? (1, 1) : (MathF.ScaleB(1, exponent / 2), MathF.ScaleB(1, exponent - (exponent / 2)));

    /// <summary>Packs rows from <paramref name="row"/> on, zeros after the data and instead of columns that are not finite.</summary>
    public void Load(int row, int count, float* packed)
    {
        int present = Math.Clamp(Rows - row, 0, count);
        Scale(Matrix + ((long)row * Stride), Stride, present, packed, _blockColumns);
        if (_hasGaps) ClearGaps(present, packed);
        if (present < count) Clearing.Clear(packed + ((long)present * _blockColumns), (long)(count - present) * _blockColumns);
    }

    /// <summary>Writes packed rows back, those that the matrix has.</summary>
    public void Store(float* packed, int row, int count) =>
        Scale(packed, _blockColumns, Math.Clamp(Rows - row, 0, count), Matrix + ((long)row * Stride), Stride);

    /// <summary>Zeros beyond the data's columns and instead of those that are not finite.</summary>
    private void ClearGaps(int rows, float* packed)
    {
        for (int column = 0; column < _blockColumns; column++)
        {
            if (column < _width && !float.IsNaN(_first[column])) continue;
            for (long row = 0; row < rows; row++) packed[(row * _blockColumns) + column] = 0;
        }
    }

    /// <summary>Copies rows and multiplies them by the factors, four vectors of columns at a time.</summary>
    private void Scale(float* source, nint sourceStride, int rows, float* target, nint targetStride)
    {
        int lanes = Vector<float>.Count, column = 0;
        for (; column <= _width - (4 * lanes); column += 4 * lanes)
        {
            float* from = source + column, to = target + column, first = _first + column, second = _second + column;
            Vector<float> first0 = Vector.Load(first), first1 = Vector.Load(first + lanes);
            Vector<float> first2 = Vector.Load(first + (2 * lanes)), first3 = Vector.Load(first + (3 * lanes));
            Vector<float> second0 = Vector.Load(second), second1 = Vector.Load(second + lanes);
            Vector<float> second2 = Vector.Load(second + (2 * lanes)), second3 = Vector.Load(second + (3 * lanes));
            for (int row = 0; row < rows; row++, from += sourceStride, to += targetStride)
            {
                Vector.Store(Vector.Load(from) * first0 * second0, to);
                Vector.Store(Vector.Load(from + lanes) * first1 * second1, to + lanes);
                Vector.Store(Vector.Load(from + (2 * lanes)) * first2 * second2, to + (2 * lanes));
                Vector.Store(Vector.Load(from + (3 * lanes)) * first3 * second3, to + (3 * lanes));
            }
        }

        for (; column <= _width - lanes; column += lanes)
        {
            float* from = source + column, to = target + column;
            Vector<float> first = Vector.Load(_first + column), second = Vector.Load(_second + column);
            for (int row = 0; row < rows; row++, from += sourceStride, to += targetStride) Vector.Store(Vector.Load(from) * first * second, to);
        }

        for (; column < _width; column++)
        {
            for (long row = 0; row < rows; row++)
                target[(row * targetStride) + column] = source[(row * sourceStride) + column] * _first[column] * _second[column];
        }
    }
}
