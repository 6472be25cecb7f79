using FastAttn.Tensors;

namespace FastAttn;

/// <summary>
/// Memory of <c>[batch, heads, rows, columns]</c> numbers with strides in elements; the last stride is 1. The numbers are float32 unless
/// <see cref="Element"/> says otherwise. The memory must stay in place and unchanged for the length of the call.
/// </summary>
/// <param name="Data">Address of element [0, 0, 0, 0], a multiple of an element's size.</param>
/// <param name="Batch">Extent of the batch axis.</param>
/// <param name="Heads">Extent of the head axis.</param>
/// <param name="Rows">Extent of the row axis.</param>
/// <param name="Columns">Extent of the column axis.</param>
/// <param name="BatchStride">Elements between batches; may be zero or negative.</param>
/// <param name="HeadStride">Elements between heads; may be zero or negative.</param>
/// <param name="RowStride">Elements between rows; may be zero or negative.</param>
public readonly unsafe record struct StridedTensor(
    nint Data, int Batch, int Heads, int Rows, int Columns, long BatchStride, long HeadStride, long RowStride)
{
    /// <summary>The type of the elements. The tensors of a call may be of different types; each is read or written as it is.</summary>
    public ElementType Element { get; init; }

    /// <summary>A dense tensor of float32 in row-major order.</summary>
    public static StridedTensor Dense(float* data, int batch, int heads, int rows, int columns) => Dense(data, ElementType.Float32, batch, heads, rows, columns);

    /// <summary>A dense tensor of any type in row-major order.</summary>
    public static StridedTensor Dense(void* data, ElementType element, int batch, int heads, int rows, int columns) =>
        new((nint)data, batch, heads, rows, columns, (long)heads * rows * columns, (long)rows * columns, columns) { Element = element };

    /// <summary>Whether there is no element.</summary>
    internal bool IsEmpty => Batch == 0 || Heads == 0 || Rows == 0 || Columns == 0;

    /// <summary>The rows of a head.</summary>
    internal RowSource RowsOf(int batch, int head) =>
        new(Data + (nint)(((batch * BatchStride) + (head * HeadStride)) * Element.Bytes()), RowStride, Rows, Columns, Element);

    /// <summary>Whether two index tuples may name one element: some stride is smaller than what lies within it.</summary>
    internal bool OverlapsItself
    {
        get
        {
            if (IsEmpty) return false;
            Span<(Int128 Stride, int Extent)> axes = [(Int128.Abs(BatchStride), Batch), (Int128.Abs(HeadStride), Heads), (Int128.Abs(RowStride), Rows)];
            axes.Sort((x, y) => x.Stride.CompareTo(y.Stride));
            Int128 within = Columns;
            foreach ((Int128 stride, int extent) in axes)
            {
                if (extent == 1) continue;
                if (stride < within) return true;
                within = (stride * (extent - 1)) + within;
            }

            return false;
        }
    }

    /// <summary>Whether the two have a byte in common.</summary>
    internal bool Overlaps(StridedTensor other)
    {
        if (IsEmpty || other.IsEmpty) return false;
        (Int128 first, Int128 last) = Range();
        (Int128 otherFirst, Int128 otherLast) = other.Range();
        return first <= otherLast && otherFirst <= last && SharedElements.Between(this, other);
    }

    /// <summary>Whether some element would lie outside the address space.</summary>
    internal bool LeavesAddressSpace
    {
        get
        {
            if (IsEmpty) return false;
            (Int128 first, Int128 last) = Range();
            return first < 0 || last > nint.MaxValue;
        }
    }

    private (Int128 First, Int128 Last) Range()
    {
        Int128 low = 0, high = Columns - 1;
        foreach ((long stride, int extent) in (ReadOnlySpan<(long, int)>)[(BatchStride, Batch), (HeadStride, Heads), (RowStride, Rows)])
        {
            Int128 reach = (Int128)stride * (extent - 1);
            if (reach < 0) low += reach;
            else high += reach;
        }

        return (Data + (low * Element.Bytes()), Data + ((high + 1) * Element.Bytes()) - 1);
    }
}
