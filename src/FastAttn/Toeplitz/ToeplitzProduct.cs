using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Toeplitz;

/// <summary>A prepared Toeplitz product: blocks of columns that fill two vectors, dealt to threads one by one.</summary>
internal abstract unsafe class ToeplitzProduct : IColumnProduct
{
    /// <summary>Largest extent of a matrix.</summary>
    public const int MaximumLength = FftRecipe.MaximumLength;

    private readonly WorkspacePool _workspaces;
    private readonly int[][] _runs;

    private protected ToeplitzProduct(ToeplitzShape shape, ReadOnlySpan<float> coefficients, int blockColumns, long workspaceBytes)
    {
        Shape = shape;
        BlockColumns = blockColumns;
        _runs = new int[shape.Heads][];
        for (int head = 0; head < shape.Heads; head++)
        {
            ReadOnlySpan<float> own = coefficients.Slice(head * shape.Diagonals, shape.Diagonals);
            _runs[head] = NonFiniteSpread.Runs(own);
            double squares = 0;
            foreach (float coefficient in own) squares += (double)coefficient * coefficient;
            Norm = Math.Max(Norm, Math.Sqrt(squares));
        }

        // A product's own room is used again, once it is done, for what a column that is not finite needs.
        _workspaces = new WorkspacePool(Math.Max(workspaceBytes, (shape.InputLength + 1L) * sizeof(int)));
    }

    /// <summary>Columns of one block: two vectors.</summary>
    public int BlockColumns { get; }

    /// <summary>The largest ‖c‖₂ of any head: no element of a product is larger than that times the norm of its column.</summary>
    public double Norm { get; }

    protected ToeplitzShape Shape { get; }

    /// <summary>The cheaper method for these lengths, on the kernels of this process.</summary>
    public static ToeplitzProduct Create(ReadOnlySpan<float> coefficients, int outputLength, int inputLength, int heads)
    {
        var shape = new ToeplitzShape(outputLength, inputLength, heads);
        float[] values = coefficients.ToArray();
        return Tiers.Visit(Tiers.Current, new Builder(shape, values));
    }

    public void Run(int head, in ToeplitzColumns columns)
    {
        AlignedBuffer workspace = _workspaces.Rent();
        try
        {
            Run(head, columns, workspace);
        }
        finally
        {
            _workspaces.Return(workspace);
        }
    }

    /// <summary>
    /// Adds every column's sum of squares to <paramref name="squares"/>. What it leaves in the workspace <see cref="MultiplyBlock"/>
    /// starts from, when columns turn out to be fit as they stand.
    /// </summary>
    /// <param name="head">Which matrix.</param>
    /// <param name="x">The operand as it stands.</param>
    /// <param name="squares">One a column of the block.</param>
    /// <param name="workspace">The workspace.</param>
    protected abstract void Measure(int head, in OperandBlock x, float* squares, float* workspace);

    /// <summary>The product of one block, after <see cref="Measure"/> of the same columns.</summary>
    /// <param name="head">Which matrix.</param>
    /// <param name="block">n_in rows, and n_out rows, overwritten.</param>
    /// <param name="workspace">The workspace.</param>
    protected abstract void MultiplyBlock(int head, in ProductCall block, float* workspace);

    /// <summary>Exponent of the power of two that a head's coefficients were divided by.</summary>
    protected abstract int Exponent(int head);

    private void Run(int head, in ToeplitzColumns columns, AlignedBuffer workspace)
    {
        int matrix = Shape.Heads == 1 ? 0 : head;
        int* exponents = stackalloc int[2 * BlockColumns], gains = exponents + BlockColumns;
        float* squares = stackalloc float[BlockColumns];
        float* memory = stackalloc float[ColumnFactors.Floats(BlockColumns)];
        var factors = new ColumnFactors(memory, BlockColumns);
        factors.SetOne();
        new Span<float>(squares, BlockColumns).Clear();
        Measure(matrix, new OperandBlock(columns, factors.In, 0, BlockColumns), squares, (float*)workspace.Data);
        ulong notFinite = ColumnExponents.Find(columns, squares, new Span<int>(exponents, BlockColumns));
        new Span<int>(gains, BlockColumns).Fill(Exponent(matrix));
        factors.Set(new ReadOnlySpan<int>(exponents, BlockColumns), new ReadOnlySpan<int>(gains, BlockColumns));
        var block = new ProductCall(
            columns, exponents, new OperandBlock(columns, factors.In, notFinite, BlockColumns), new ProductBlock(columns, Shape.OutputLength, factors.Out, BlockColumns));
        MultiplyBlock(matrix, block, (float*)workspace.Data);
        for (int column = 0; column < columns.Width && notFinite != 0; column++)
        {
            if ((notFinite >> column & 1) != 0) NonFiniteSpread.Run(columns, column, Shape, _runs[matrix], (int*)workspace.Data);
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
