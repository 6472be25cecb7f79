using System.Runtime.CompilerServices;
using FastAttn.Tensors;
using FastAttn.Threading;
using FastAttn.Toeplitz;

namespace FastAttn;

/// <summary>
/// Multiplication by Toeplitz matrices, <c>y_i = Σ_j c_{j−i} x_j</c>: by fast Fourier transform with columns in lanes,
/// O((n_out + n_in)·log(n_out + n_in)) a column, or directly where that is cheaper. float32 throughout. Immutable and thread-safe: any number
/// of threads may call Multiply at once. Work memory is kept for reuse until the plan is collected.
/// </summary>
/// <remarks>
/// <para>Two bounds hold for each element of y: its error is at most a few 2⁻²⁴·‖c‖₂·‖x_column‖₂, and at most 2⁻¹⁵·‖c_i‖₂·‖x_i‖₂. Here c_i are the coefficients of
/// its own row, and x_i is the part of its column from the first to the last of them that is not zero. So a value that a row does not see never
/// reaches it, however large it is, and a row that sees only zeros is zero. (Numbers below 2⁻¹⁴⁰ of the largest of their column or of the coefficients may
/// count as zeros: there float32 ends.)</para>
/// <para>The second bound costs nothing where no coefficient is zero and all are about as large. Where rows see only small numbers beside large ones of the same
/// column, those rows are made from smaller pieces of the matrix, and the product takes up to three times as long.</para>
/// </remarks>
public sealed class ToeplitzPlan
{
    private readonly ConvertedProduct? _product;

    /// <summary>Validates the coefficients and prepares their spectra; nothing of the span is kept.</summary>
    /// <param name="coefficients"><c>[heads, n_out + n_in − 1]</c>, dense; entry <c>(j − i) + (n_out − 1)</c> multiplies x_j in y_i; finite.</param>
    /// <param name="outputLength">Rows n_out of the result, at least 0.</param>
    /// <param name="inputLength">Rows n_in of the operand, at least 0; without any the product is zero.</param>
    /// <param name="heads">Matrices, at least 1; 1 when all heads share the coefficients.</param>
    /// <exception cref="ArgumentOutOfRangeException">A length is below 0 or <paramref name="heads"/> below 1, or the lengths are beyond what can be transformed.</exception>
    /// <exception cref="ShapeException"><paramref name="coefficients"/> does not hold heads·(n_out + n_in − 1) numbers.</exception>
    /// <exception cref="ArgumentException"><paramref name="coefficients"/> holds NaN or an infinity.</exception>
    public ToeplitzPlan(ReadOnlySpan<float> coefficients, int outputLength, int inputLength, int heads = 1)
    {
        ArgumentCheck.InRange(outputLength, 0, ToeplitzProduct.MaximumLength);
        ArgumentCheck.InRange(inputLength, 0, ToeplitzProduct.MaximumLength);
        ArgumentCheck.AtLeastOne(heads);
        long expected = heads * Math.Max((long)outputLength + inputLength - 1, 0);
        if (coefficients.Length != expected)
        {
            throw new ShapeException(
                Invariant($"coefficients holds {coefficients.Length} numbers; expected {expected} = heads {heads} × (n_out {outputLength} + n_in {inputLength} − 1)"),
                nameof(coefficients));
        }

        ArgumentCheck.Finite(coefficients);
        OutputLength = outputLength;
        InputLength = inputLength;
        Heads = heads;
        if (outputLength > 0 && inputLength > 0) _product = new(ToeplitzProduct.Create(coefficients, outputLength, inputLength, heads), inputLength, outputLength);
    }

    /// <summary>Rows n_out of the result.</summary>
    public int OutputLength { get; }

    /// <summary>Rows n_in of the operand.</summary>
    public int InputLength { get; }

    /// <summary>1 when all heads share the coefficients, else one matrix a head.</summary>
    public int Heads { get; }

    /// <summary>
    /// Multiplies <paramref name="heads"/> operands <c>[heads, n_in, columns]</c> into <c>[heads, n_out, columns]</c>, both dense.
    /// The result does not depend on the number of threads, bit by bit.
    /// </summary>
    /// <remarks>
    /// A NaN or an infinity in x_j makes NaN of its column in every y_i whose c_{j−i} is not zero; other rows, columns and heads do not notice.
    /// Columns may differ in size by any factor: where norms differ, each is scaled by a power of two before it shares a transform.
    /// </remarks>
    /// <param name="x">The operands; not changed.</param>
    /// <param name="destination">The products, overwritten; must not overlap <paramref name="x"/>.</param>
    /// <param name="columns">Columns of every operand, at least 0.</param>
    /// <param name="heads">Operands, at least 0; equal to <see cref="Heads"/> unless that is 1.</param>
    /// <param name="threads">Threads to use, at least 1. Default: <c>FASTATTN_THREADS</c>, else the cores this process may use.</param>
    /// <param name="cancellationToken">Ends the call early, within some tens of milliseconds.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below 0, or <paramref name="threads"/> below 1.</exception>
    /// <exception cref="ShapeException">A span has another length than the shapes say, or <paramref name="heads"/> does not fit the plan's.</exception>
    /// <exception cref="ArgumentException"><paramref name="destination"/> overlaps <paramref name="x"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, or <see cref="InterruptCheck"/> said so. The destination holds unspecified numbers; the plan can be used again.</exception>
    public void Multiply(ReadOnlySpan<float> x, Span<float> destination, int columns, int heads = 1, int? threads = null, CancellationToken cancellationToken = default) =>
        Multiply(x, destination, ElementType.Float32, columns, heads, threads, cancellationToken);

    /// <summary>The same of <see cref="Half"/>. Arithmetic is float32; each element of the products is rounded once.</summary>
    /// <inheritdoc cref="Multiply(ReadOnlySpan{float}, Span{float}, int, int, int?, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public void Multiply(ReadOnlySpan<Half> x, Span<Half> destination, int columns, int heads = 1, int? threads = null, CancellationToken cancellationToken = default) =>
        Multiply(x, destination, ElementType.Float16, columns, heads, threads, cancellationToken);

    /// <summary>
    /// Raw memory <c>[1, heads, n_in, columns]</c> and <c>[1, heads, n_out, columns]</c> with explicit strides and a type each: for element types
    /// without spans, for mixed ones, and for bindings to other languages.
    /// </summary>
    /// <inheritdoc cref="Multiply(ReadOnlySpan{float}, Span{float}, int, int, int?, CancellationToken)"/>
    public void Multiply(StridedTensor x, StridedTensor destination, int? threads = null, CancellationToken cancellationToken = default)
    {
        int threadCount = ThreadCount.Resolve(threads, nameof(threads));
        int heads = Heads == 1 ? Math.Max(x.Heads, 0) : Heads, columns = Math.Max(x.Columns, 0);
        TensorCheck.Extents(x, 1, heads, InputLength, columns, nameof(x));
        TensorCheck.Extents(destination, 1, heads, OutputLength, columns, nameof(destination));
        TensorCheck.Distinct(destination);
        TensorCheck.Apart(destination, x, nameof(x));
        Run(x, destination, threadCount, cancellationToken);
    }

    private unsafe void Multiply<T>(
        ReadOnlySpan<T> x, Span<T> destination, ElementType element, int columns, int heads, int? threads, CancellationToken cancellationToken)
        where T : unmanaged
    {
        ArgumentCheck.InRange(columns, 0, int.MaxValue);
        ArgumentCheck.InRange(heads, 0, int.MaxValue);
        int threadCount = ThreadCount.Resolve(threads, nameof(threads));
        if (Heads != 1 && heads != Heads)
            throw new ShapeException(Invariant($"heads is {heads}; expected {Heads}, the heads of the coefficients"), nameof(heads));
        CheckLength(x.Length, heads, InputLength, columns, nameof(x));
        CheckLength(destination.Length, heads, OutputLength, columns, nameof(destination));
        if (x.Overlaps(destination))
            throw new ArgumentException("destination overlaps x; expected memory of its own", nameof(destination));
        fixed (T* source = x, target = destination)
        {
            Run(
                StridedTensor.Dense(source, element, 1, heads, InputLength, columns),
                StridedTensor.Dense(target, element, 1, heads, OutputLength, columns), threadCount, cancellationToken);
        }
    }

    private void Run(StridedTensor x, StridedTensor destination, int threads, CancellationToken cancellationToken)
    {
        if (destination.IsEmpty) return;
        if (_product is null)
        {
            for (int head = 0; head < destination.Heads; head++)
            {
                RowSource rows = destination.RowsOf(0, head);
                for (int row = 0; row < rows.Count; row++) rows.Fill(row, 0);
            }

            return;
        }

        using CallWatch? watch = CallWatch.Begin(cancellationToken);
        int blocks = ((x.Columns - 1) / _product.BlockColumns) + 1;
        WorkTeam.Run(new Blocks(_product, x, destination, blocks), checked(x.Heads * blocks), threads);
    }

    private static void CheckLength(int came, int heads, int rows, int columns, string name)
    {
        if (came == (Int128)heads * rows * columns) return;
        throw new ShapeException(
            Invariant($"{name} holds {came} numbers; expected {(Int128)heads * rows * columns} = heads {heads} × rows {rows} × columns {columns}"), name);
    }

    /// <summary>Blocks of columns of every head.</summary>
    private readonly struct Blocks(ConvertedProduct product, StridedTensor x, StridedTensor y, int blocks) : IParallelWork
    {
        public unsafe void Run(int index, int worker)
        {
            (int head, int block) = Math.DivRem(index, blocks);
            int first = block * product.BlockColumns, width = Math.Min(product.BlockColumns, x.Columns - first);
            product.Run(head, x.RowsOf(0, head).SliceColumns(first, width), null, y.RowsOf(0, head).SliceColumns(first, width), copies: 1, copyStride: 0, adds: false);
        }
    }
}
