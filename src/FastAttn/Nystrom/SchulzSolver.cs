using System.Numerics.Tensors;
using FastAttn.Threading;

namespace FastAttn.Nystrom;

/// <summary>
/// What six Schulz steps of third order take for A⁻¹·B, in float64: with Ŵ = D^(−1/2)·A·D^(−1/2) and D the row sums of A, V₀ = Ŵᵀ over its largest column sum
/// and <c>V ← ¼V(13I − ŴV(15I − ŴV(7I − ŴV)))</c> (Chen et al. 2021, §4.4 and code). For the distance 1 − x of an eigenvalue of ŴV from its limit
/// a step is 1 − x' = (1 − x)³(1 − x/4): six do not bring small eigenvalues there.
/// </summary>
/// <remarks>The authors take the largest column sum over all sequences and heads of a batch; here it is the head's own, so that no sequence's answer depends on another's.</remarks>
internal static unsafe class SchulzSolver
{
    /// <summary>Matrices of scratch.</summary>
    public const int ScratchMatrices = 4;

    private const int Steps = 6;

    /// <summary>Replaces <c>right [n, columns]</c> by the solution; 24 products of n × n matrices.</summary>
    /// <param name="matrix">A, <c>[n, n]</c> with elements above zero, overwritten.</param>
    /// <param name="count">n.</param>
    /// <param name="right">B, overwritten.</param>
    /// <param name="columns">Columns of B.</param>
    /// <param name="roots">Scratch, <c>[n]</c>.</param>
    /// <param name="scratch"><see cref="ScratchMatrices"/> matrices.</param>
    /// <param name="product">Scratch, <c>[n, columns]</c>.</param>
    public static void Solve(double* matrix, int count, double* right, int columns, double* roots, double* scratch, double* product)
    {
        long size = (long)count * count;
        double* inverse = scratch, residual = scratch + size, inner = residual + size, next = inner + size;
        for (int row = 0; row < count; row++) roots[row] = 1 / Math.Sqrt(TensorPrimitives.Sum<double>(Row(matrix, row, count)));
        for (int row = 0; row < count; row++)
        {
            TensorPrimitives.Multiply(Row(matrix, row, count), new ReadOnlySpan<double>(roots, count), Row(matrix, row, count));
            TensorPrimitives.Multiply(Row(matrix, row, count), roots[row], Row(matrix, row, count));
        }

        // Symmetric: Ŵᵀ is Ŵ, and column sums are row sums.
        double largest = 0;
        for (int row = 0; row < count; row++) largest = Math.Max(largest, TensorPrimitives.Sum<double>(Row(matrix, row, count)));
        for (int row = 0; row < count; row++) TensorPrimitives.Divide(Row(matrix, row, count), largest, Row(inverse, row, count));
        for (int step = 0; step < Steps; step++)
        {
            Multiply(matrix, inverse, count, count, residual);
            Complement(7, residual, inner, count);
            Multiply(residual, inner, count, count, next);
            Complement(15, next, inner, count);
            Multiply(residual, inner, count, count, next);
            Complement(13, next, inner, count);
            Multiply(inverse, inner, count, count, next);
            for (int row = 0; row < count; row++) TensorPrimitives.Multiply(Row(next, row, count), 0.25, Row(inverse, row, count));
        }

        ScaleRows(right, roots, count, columns);
        Multiply(inverse, right, count, columns, product);
        for (int row = 0; row < count; row++) Row(product, row, columns).CopyTo(Row(right, row, columns));
        ScaleRows(right, roots, count, columns);
    }

    /// <summary>target = diagonal·I − source.</summary>
    private static void Complement(double diagonal, double* source, double* target, int count)
    {
        for (int row = 0; row < count; row++)
        {
            TensorPrimitives.Negate<double>(Row(source, row, count), Row(target, row, count));
            target[((long)row * count) + row] += diagonal;
        }
    }

    /// <summary><c>product [count, columns] = left [count, count] · right [count, columns]</c>.</summary>
    private static void Multiply(double* left, double* right, int count, int columns, double* product)
    {
        for (int row = 0; row < count; row++)
        {
            CallWatch.Look();
            Row(product, row, columns).Clear();
            RowCombination.Add(1, left + ((long)row * count), 1, right, columns, count, product + ((long)row * columns), columns);
        }
    }

    private static void ScaleRows(double* rows, double* factors, int count, int columns)
    {
        for (int row = 0; row < count; row++) TensorPrimitives.Multiply(Row(rows, row, columns), factors[row], Row(rows, row, columns));
    }

    private static Span<double> Row(double* matrix, int row, int columns) => new(matrix + ((long)row * columns), columns);
}
