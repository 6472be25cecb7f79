using System.Numerics.Tensors;
using FastAttn.Threading;

namespace FastAttn.Nystrom;

/// <summary>Solves A·X = B for a symmetric positive semidefinite A by a Cholesky factor with diagonal pivoting (Higham 2002, §10.3), in float64.</summary>
internal static unsafe class CholeskySolver
{
    /// <summary>
    /// Replaces <c>right [n, columns]</c> by X; O(n³/3 + n²·columns). Where what is left of A has no diagonal element above
    /// <paramref name="least"/>, the rows left depend on those before and get zeros in X.
    /// </summary>
    /// <param name="matrix">A, <c>[n, n]</c>; its upper half is overwritten.</param>
    /// <param name="count">n.</param>
    /// <param name="least">Pivots up to this are taken for zero.</param>
    /// <param name="right">B, overwritten by X.</param>
    /// <param name="columns">Columns of B.</param>
    /// <param name="order">Scratch, <c>[n]</c>.</param>
    /// <param name="diagonal">Scratch, <c>[n]</c>.</param>
    /// <param name="permuted">Scratch, <c>[n, columns]</c>.</param>
    public static void Solve(double* matrix, int count, double least, double* right, int columns, int* order, double* diagonal, double* permuted)
    {
        int rank = Factor(matrix, count, least, order, diagonal);
        for (int row = 0; row < rank; row++)
        {
            CallWatch.Look();
            Span<double> solved = Row(permuted, row, columns);
            Row(right, order[row], columns).CopyTo(solved);
            RowCombination.Add(-1, matrix + row, count, permuted, columns, row, permuted + ((long)row * columns), columns);
            TensorPrimitives.Divide(solved, matrix[((long)row * count) + row], solved);
        }

        for (int row = rank - 1; row >= 0; row--)
        {
            CallWatch.Look();
            Span<double> solved = Row(permuted, row, columns);
            double* diagonalElement = matrix + ((long)row * count) + row, below = permuted + ((row + 1L) * columns);
            RowCombination.Add(-1, diagonalElement + 1, 1, below, columns, rank - 1 - row, permuted + ((long)row * columns), columns);
            TensorPrimitives.Divide(solved, *diagonalElement, solved);
        }

        for (int row = 0; row < rank; row++) Row(permuted, row, columns).CopyTo(Row(right, order[row], columns));
        for (int row = rank; row < count; row++) Row(right, order[row], columns).Clear();
    }

    /// <summary>
    /// The upper half becomes U with Uᵀ·U = A, rows and columns in the order that is written; returns how many of them. A row is only
    /// computed when its turn comes; what is left of A's diagonal is kept beside.
    /// </summary>
    private static int Factor(double* matrix, int count, double least, int* order, double* diagonal)
    {
        for (int row = 0; row < count; row++)
        {
            order[row] = row;
            diagonal[row] = matrix[((long)row * count) + row];
        }

        for (int step = 0; step < count; step++)
        {
            CallWatch.Look();
            int pivot = step + TensorPrimitives.IndexOfMax(new ReadOnlySpan<double>(diagonal + step, count - step));
            if (!(diagonal[pivot] > least)) return step;
            Exchange(matrix, count, step, pivot);
            (order[step], order[pivot]) = (order[pivot], order[step]);
            (diagonal[step], diagonal[pivot]) = (diagonal[pivot], diagonal[step]);

            double* row = matrix + ((long)step * count);
            row[step] = Math.Sqrt(diagonal[step]);
            RowCombination.Add(-1, matrix + step, count, matrix + step + 1, count, step, row + step + 1, count - step - 1);
            Span<double> rest = Row(matrix, step, count)[(step + 1)..];
            TensorPrimitives.Divide(rest, row[step], rest);
            for (int later = step + 1; later < count; later++) diagonal[later] -= row[later] * row[later];
        }

        return count;
    }

    /// <summary>
    /// Exchanges rows and columns <paramref name="first"/> ≤ <paramref name="second"/> of a symmetric matrix of which what is above the diagonal is kept.
    /// </summary>
    private static void Exchange(double* matrix, int count, int first, int second)
    {
        if (first == second) return;
        for (int row = 0; row < first; row++) Swap(At(row, first), At(row, second));
        for (int middle = first + 1; middle < second; middle++) Swap(At(first, middle), At(middle, second));
        for (int column = second + 1; column < count; column++) Swap(At(first, column), At(second, column));

        double* At(int row, int column) => matrix + ((long)row * count) + column;
    }

    private static void Swap(double* x, double* y) => (*x, *y) = (*y, *x);

    private static Span<double> Row(double* matrix, int row, int columns) => new(matrix + ((long)row * columns), columns);
}
