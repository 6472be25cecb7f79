using FastAttn.Nystrom;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Nystrom;

/// <summary>Matrices of landmarks: the factor with pivots, of any rank, and rows combined at every width.</summary>
public sealed unsafe class SolverTests
{
    [Fact]
    public void RowsAreCombinedAtEveryWidth()
    {
        var numbers = new Numbers(3);
        for (int columns = 0; columns <= 150; columns++)
        {
            int count = columns % 7;
            double[] rows = Draw(numbers, (count * columns) + 1), factors = Draw(numbers, (2 * count) + 1), target = Draw(numbers, columns + 1), before = [.. target];
            fixed (double* r = rows, f = factors, t = target) RowCombination.Add(-1, f, 2, r, columns, count, t, columns);
            for (int c = 0; c < columns; c++)
                Assert.Equal(before[c] - Enumerable.Range(0, count).Sum(i => factors[2 * i] * rows[(i * columns) + c]), target[c], 1e-13);
            Assert.Equal(before[columns], target[columns]);
        }
    }

    [Property]
    public void SolvesAnyPositiveMatrix(int seed)
    {
        var numbers = new Numbers(seed);
        int n = numbers.Between(1, 60), columns = numbers.Between(1, 40), rank = numbers.Chance(0.5) ? n : numbers.Between(1, n);
        double[][] root = [.. Enumerable.Range(0, n).Select(_ => Draw(numbers, rank))], transposed = [.. Enumerable.Range(0, rank).Select(k => root.Select(row => row[k]).ToArray())];
        double[][] matrix = Dense.Product(root, transposed, n);
        for (int i = 0; i < n && rank == n; i++) matrix[i][i] += 0.5;

        // A right side that has a solution, whatever the rank.
        double[][] right = Dense.Product(matrix, [.. Enumerable.Range(0, n).Select(_ => Draw(numbers, columns))], columns);
        double[] solution = [.. right.SelectMany(row => row)], work = [.. matrix.SelectMany(row => row)];
        int* order = stackalloc int[n];
        double[] diagonal = new double[n], permuted = new double[n * columns];
        fixed (double* m = work, x = solution, d = diagonal, p = permuted) CholeskySolver.Solve(m, n, 1e-9, x, columns, order, d, p);
        double[][] back = Dense.Product(matrix, [.. solution.Chunk(columns)], columns);
        double size = right.Max(row => row.Max(Math.Abs));
        for (int i = 0; i < n; i++)
        {
            for (int c = 0; c < columns; c++) Assert.Equal(right[i][c], back[i][c], 1e-6 * (1 + size));
        }

        if (rank < n) Assert.InRange(solution.Chunk(columns).Count(row => row.All(value => value == 0)), n - rank, n);
    }

    private static double[] Draw(Numbers numbers, int count) => [.. Enumerable.Range(0, count).Select(_ => numbers.Normal())];
}
