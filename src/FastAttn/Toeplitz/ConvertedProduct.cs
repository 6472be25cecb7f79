using System.Numerics.Tensors;
using FastAttn.Memory;
using FastAttn.Tensors;

namespace FastAttn.Toeplitz;

/// <summary>
/// A product whose operand and result may be of any element type: what is not float32 becomes it in scratch, a block of columns at a time, and
/// the result is rounded on its way back. Immutable and thread-safe.
/// </summary>
/// <param name="product">The product of float32 numbers.</param>
/// <param name="inputLength">Rows of the operand.</param>
/// <param name="outputLength">Rows of the result.</param>
internal sealed unsafe class ConvertedProduct(IColumnProduct product, int inputLength, int outputLength)
{
    private readonly WorkspacePool _workspaces = new(((long)inputLength + outputLength) * product.BlockColumns * sizeof(float));

    /// <inheritdoc cref="IColumnProduct.BlockColumns"/>
    public int BlockColumns => product.BlockColumns;

    /// <summary>The product of one block with the matrix of one head.</summary>
    /// <param name="head">The head.</param>
    /// <param name="x">The block's columns of the operand, only rows that are there.</param>
    /// <param name="mask">One a row: whether it counts; null for all.</param>
    /// <param name="y">The block's columns of the result.</param>
    /// <param name="copies">Places the result goes to.</param>
    /// <param name="copyStride">Elements between them.</param>
    /// <param name="adds">Whether it is added to what is there.</param>
    public void Run(int head, RowSource x, bool* mask, RowSource y, int copies, long copyStride, bool adds)
    {
        var columns = new ToeplitzColumns
        {
            X = x.InPlace(0),
            XStride = (nint)x.Stride,
            Rows = x.Count,
            Mask = mask,
            Y = y.InPlace(0),
            YStride = (nint)y.Stride,
            Copies = copies,
            CopyStride = (nint)copyStride,
            Adds = adds,
            Width = x.Columns,
        };
        if (x.IsFloat32 && y.IsFloat32)
        {
            product.Run(head, columns);
            return;
        }

        AlignedBuffer workspace = _workspaces.Rent();
        try
        {
            Convert(head, x, y, columns, (float*)workspace.Data);
        }
        finally
        {
            _workspaces.Return(workspace);
        }
    }

    private void Convert(int head, RowSource x, RowSource y, ToeplitzColumns columns, float* scratch)
    {
        (int copies, nint copyStride, bool adds) = (columns.Copies, columns.CopyStride, columns.Adds);
        FloatRows operand = x.Read(0, x.Count, scratch);
        var result = new FloatRows((nint)(scratch + ((long)inputLength * BlockColumns)), y.Columns, outputLength, y.Columns);
        columns.X = operand.Row(0);
        columns.XStride = (nint)operand.Stride;
        if (!y.IsFloat32)
        {
            columns.Y = result.Row(0);
            columns.YStride = (nint)result.Stride;
            columns.Copies = 1;
            columns.Adds = false;
        }

        product.Run(head, columns);
        for (int copy = 0; copy < copies && !y.IsFloat32; copy++)
        {
            if (adds) Add(result, y.From(copy * copyStride));
            else Store(result, y.From(copy * copyStride));
        }
    }

    private static void Store(FloatRows result, RowSource target)
    {
        for (int row = 0; row < result.Count; row++) target.Write(row, result.Row(row));
    }

    private void Add(FloatRows result, RowSource target)
    {
        float* sums = stackalloc float[BlockColumns];
        var sum = new Span<float>(sums, result.Columns);
        for (int row = 0; row < result.Count; row++)
        {
            target.Copy(row, 0, result.Columns, sums);
            TensorPrimitives.Add(sum, new ReadOnlySpan<float>(result.Row(row), result.Columns), sum);
            target.Write(row, sums);
        }
    }
}
