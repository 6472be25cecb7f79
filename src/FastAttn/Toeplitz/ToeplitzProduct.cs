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

    /// <summary>The product of one block.</summary>
    /// <param name="head">Which matrix.</param>
    /// <param name="x">n_in rows.</param>
    /// <param name="y">n_out rows, overwritten.</param>
    /// <param name="workspace">The workspace.</param>
    protected abstract void MultiplyBlock(int head, in ColumnBlock x, in ColumnBlock y, float* workspace);

    /// <summary>Exponent of the power of two that a head's coefficients were divided by.</summary>
    protected abstract int Exponent(int head);

    private void RunBlock(int head, float* x, float* y, int columns, int first)
    {
        int width = Math.Min(BlockColumns, columns - first), matrix = Shape.Heads == 1 ? 0 : head;
        Span<int> exponents = stackalloc int[BlockColumns];
        ColumnExponents.Find(x + first, Shape.InputLength, columns, width, exponents);
        float* factors = stackalloc float[4 * BlockColumns];
        float* xFirst = factors, xSecond = xFirst + BlockColumns, yFirst = xSecond + BlockColumns, ySecond = yFirst + BlockColumns;
        for (int column = 0; column < BlockColumns; column++)
        {
            int exponent = exponents[column];
            ((xFirst[column], xSecond[column]), (yFirst[column], ySecond[column])) = exponent switch
            {
                ColumnExponents.NotFinite => ((float.NaN, 1), (float.NaN, 1)),
                ColumnExponents.Zero => ((1, 1), (0, 1)),
                _ => (ColumnBlock.Factors(-exponent), ColumnBlock.Factors(exponent + Exponent(matrix))),
            };
        }

        var operand = new ColumnBlock(x + first, Shape.InputLength, columns, width, xFirst, xSecond, BlockColumns);
        var product = new ColumnBlock(y + first, Shape.OutputLength, columns, width, yFirst, ySecond, BlockColumns);
        AlignedBuffer workspace = _workspaces.Rent();
        MultiplyBlock(matrix, operand, product, (float*)workspace.Data);
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
