using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Toeplitz;

/// <summary>A prepared Toeplitz product: blocks of columns that fill two vectors, dealt to threads one by one.</summary>
internal abstract unsafe class ToeplitzProduct
{
    /// <summary>Largest extent of a matrix.</summary>
    public const int MaximumLength = FftRecipe.MaximumLength;

    private readonly WorkspacePool _workspaces;

    private protected ToeplitzProduct(ToeplitzShape shape, int blockColumns, long workspaceBytes)
    {
        Shape = shape;
        BlockColumns = blockColumns;
        _workspaces = new WorkspacePool(workspaceBytes);
    }

    protected ToeplitzShape Shape { get; }

    /// <summary>Columns of one block: two vectors.</summary>
    protected int BlockColumns { get; }

    /// <summary>The cheaper method for these lengths, on the kernels of this process.</summary>
    public static ToeplitzProduct Create(ReadOnlySpan<float> coefficients, int outputLength, int inputLength, int heads)
    {
        var shape = new ToeplitzShape(outputLength, inputLength, heads);
        float[] values = coefficients.ToArray();
        return Tiers.Visit(Tiers.Current, new Builder(shape, values));
    }

    /// <summary>Multiplies dense operands of checked shapes.</summary>
    public void Multiply(ReadOnlySpan<float> x, Span<float> destination, int columns, int heads, int threads)
    {
        int blocks = (columns + BlockColumns - 1) / BlockColumns;
        fixed (float* source = x)
        fixed (float* target = destination)
        {
            var work = new Blocks(this, source, target, columns, blocks);
            WorkTeam.Run(work, checked(heads * blocks), threads);
        }
    }

    /// <summary>The product of one packed block: <paramref name="x"/> is scaled, finite, and zero beyond the data.</summary>
    /// <param name="head">Which matrix.</param>
    /// <param name="x"><see cref="PackedRows"/> rows of <see cref="BlockColumns"/>.</param>
    /// <param name="y">At least n_out rows of <see cref="BlockColumns"/>, overwritten.</param>
    /// <param name="work">What is left of the workspace.</param>
    protected abstract void MultiplyBlock(int head, float* x, float* y, float* work);

    /// <summary>Rows of a packed operand.</summary>
    protected abstract int PackedRows { get; }

    /// <summary>Rows of a packed product.</summary>
    protected abstract int ProductRows { get; }

    /// <summary>Exponent of the power of two that a head's coefficients were divided by.</summary>
    protected abstract int Exponent(int head);

    private void RunBlock(int head, float* x, float* y, int columns, int first)
    {
        int width = Math.Min(BlockColumns, columns - first);
        AlignedBuffer workspace = _workspaces.Rent();
        float* packed = (float*)workspace.Data;
        float* product = packed + ((long)PackedRows * BlockColumns);
        var block = new ColumnBlock(BlockColumns, width, columns);
        Span<int> exponents = stackalloc int[BlockColumns];
        block.Exponents(x + first, Shape.InputLength, exponents);
        block.Pack(x + first, Shape.InputLength, exponents, packed, PackedRows);
        int matrix = Shape.Heads == 1 ? 0 : head;
        MultiplyBlock(matrix, packed, product, product + ((long)ProductRows * BlockColumns));
        block.Unpack(product, Shape.OutputLength, exponents, Exponent(matrix), y + first);
        _workspaces.Return(workspace);
    }

    private sealed class Blocks(ToeplitzProduct product, float* x, float* y, int columns, int blocks) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            (int head, int block) = Math.DivRem(index, blocks);
            ToeplitzShape shape = product.Shape;
            product.RunBlock(
                head,
                x + ((long)head * shape.InputLength * columns),
                y + ((long)head * shape.OutputLength * columns),
                columns,
                block * product.BlockColumns);
        }
    }

    private sealed class Builder(ToeplitzShape shape, float[] coefficients) : ITierVisitor<ToeplitzProduct>
    {
        public ToeplitzProduct Visit<TKernels>()
            where TKernels : struct, IKernels =>
            DirectToeplitzProduct<TKernels>.IsCheaper(shape)
                ? new DirectToeplitzProduct<TKernels>(shape, coefficients)
                : new FftToeplitzProduct<TKernels>(shape, coefficients);
    }
}
