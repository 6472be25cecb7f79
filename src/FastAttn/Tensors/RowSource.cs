using System.Runtime.CompilerServices;
using FastAttn.Kernels;

namespace FastAttn.Tensors;

/// <summary>
/// Rows of one head where the caller keeps them, of any element type: the one place where the caller's numbers are read and written. To the
/// rest of the library all numbers are float32.
/// </summary>
/// <param name="Address">The first element.</param>
/// <param name="Stride">Elements between rows.</param>
/// <param name="Count">How many rows.</param>
/// <param name="Columns">Elements of a row.</param>
/// <param name="Element">What they are.</param>
internal readonly unsafe record struct RowSource(nint Address, long Stride, int Count, int Columns, ElementType Element = ElementType.Float32)
{
    /// <summary>Numbers that are converted at a time on their way out.</summary>
    private const int PieceColumns = 64;

    /// <summary>Rows that the library has made itself.</summary>
    public static RowSource Of(FloatRows rows) => new(rows.Address, rows.Stride, rows.Count, rows.Columns);

    /// <summary>Whether rows can be read and written where they stand.</summary>
    public bool IsFloat32 => Element == ElementType.Float32;

    /// <summary>Some of the rows.</summary>
    public RowSource Slice(int first, int count) => this with { Address = (nint)Place(first, 0), Count = count };

    /// <summary>Some of the columns.</summary>
    public RowSource SliceColumns(int first, int count) => From(first) with { Columns = count };

    /// <summary>As many rows that begin so many elements further.</summary>
    public RowSource From(long elements) => this with { Address = Address + (nint)(elements * Element.Bytes()) };

    /// <summary>Where a row stands, if it stands there as float32; else null.</summary>
    public float* InPlace(int row) => IsFloat32 ? (float*)Address + (row * Stride) : null;

    /// <summary>A row as float32: where it stands, or in <paramref name="scratch"/>, which has room for it.</summary>
    public float* Read(int row, float* scratch) => Read(row, 0, Columns, scratch);

    /// <summary>The same for some columns of it.</summary>
    public float* Read(int row, int first, int count, float* scratch)
    {
        if (IsFloat32) return (float*)Address + (row * Stride) + first;
        ElementConversion.Widen(Element, Place(row, first), 0, 1, count, scratch);
        return scratch;
    }

    /// <summary>Some rows as float32: where they stand, or in <paramref name="scratch"/>, which has room for them, one after the other.</summary>
    public FloatRows Read(int first, int count, float* scratch)
    {
        if (IsFloat32) return new((nint)Place(first, 0), Stride, count, Columns);
        ElementConversion.Widen(Element, Place(first, 0), Stride, count, Columns, scratch);
        return new((nint)scratch, Columns, count, Columns);
    }

    /// <summary>Copies some columns of a row.</summary>
    public void Copy(int row, int first, int count, float* target)
    {
        if (IsFloat32) new ReadOnlySpan<float>(Place(row, first), count).CopyTo(new Span<float>(target, count));
        else ElementConversion.Widen(Element, Place(row, first), 0, 1, count, target);
    }

    /// <summary>One number.</summary>
    public float At(int row, int column)
    {
        float value;
        Copy(row, column, 1, &value);
        return value;
    }

    /// <summary>Whether every number of a row is finite.</summary>
    public bool AllFinite<TKernels>(int row)
        where TKernels : struct, IRowKernels =>
        IsFloat32 ? TKernels.AllFinite((float*)Place(row, 0), Columns) : ElementConversion.AllFinite(Element, Place(row, 0), Columns);

    /// <summary>Writes <paramref name="source"/> times <paramref name="factor"/> over a row; each product is rounded to float32 first.</summary>
    public void Write<TKernels>(int row, float* source, float factor)
        where TKernels : struct, IRowKernels
    {
        if (IsFloat32) TKernels.Scale(source, (float*)Address + (row * Stride), Columns, factor);
        else WriteNarrow<TKernels>(row, source, factor);
    }

    /// <summary>Writes <paramref name="source"/> over a row.</summary>
    public void Write(int row, float* source)
    {
        if (IsFloat32) new ReadOnlySpan<float>(source, Columns).CopyTo(new Span<float>(Place(row, 0), Columns));
        else ElementConversion.Narrow(Element, source, Place(row, 0), Columns);
    }

    /// <summary>Writes one number all over a row.</summary>
    public void Fill(int row, float value)
    {
        if (IsFloat32) new Span<float>(Place(row, 0), Columns).Fill(value);
        else new Span<short>(Place(row, 0), Columns).Fill(ElementConversion.Narrow(Element, value));
    }

    /// <summary>Writes one number.</summary>
    public void Set(int row, int column, float value)
    {
        if (IsFloat32) *(float*)Place(row, column) = value;
        else *(short*)Place(row, column) = ElementConversion.Narrow(Element, value);
    }

    /// <summary>Apart from <see cref="Write{TKernels}"/>, which float32 rows leave without a frame for scratch.</summary>
    [SkipLocalsInit]
    private void WriteNarrow<TKernels>(int row, float* source, float factor)
        where TKernels : struct, IRowKernels
    {
        float* piece = stackalloc float[PieceColumns];
        for (int first = 0; first < Columns; first += PieceColumns)
        {
            int count = Math.Min(PieceColumns, Columns - first);
            TKernels.Scale(source + first, piece, count, factor);
            ElementConversion.Narrow(Element, piece, Place(row, first), count);
        }
    }

    private void* Place(int row, int column) => (byte*)Address + (((row * Stride) + column) * Element.Bytes());
}
