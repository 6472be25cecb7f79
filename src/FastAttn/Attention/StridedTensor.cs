namespace FastAttn;

/// <summary>Memory of <c>[batch, heads, rows, columns]</c> float32 with strides in elements; the last stride is 1.
/// The memory must stay in place and unchanged for the length of the call.</summary>
/// <param name="Data">Address of element [0, 0, 0, 0].</param>
/// <param name="Batch">Extent of the batch axis.</param>
/// <param name="Heads">Extent of the head axis.</param>
/// <param name="Rows">Extent of the row axis.</param>
/// <param name="Columns">Extent of the column axis.</param>
/// <param name="BatchStride">Elements between batches.</param>
/// <param name="HeadStride">Elements between heads.</param>
/// <param name="RowStride">Elements between rows.</param>
public readonly unsafe record struct StridedTensor(
    nint Data, int Batch, int Heads, int Rows, int Columns, long BatchStride, long HeadStride, long RowStride)
{
    /// <summary>A dense tensor in row-major order.</summary>
    public static StridedTensor Dense(float* data, int batch, int heads, int rows, int columns) =>
        new((nint)data, batch, heads, rows, columns, (long)heads * rows * columns, (long)rows * columns, columns);
}
