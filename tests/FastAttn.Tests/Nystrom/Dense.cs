namespace FastAttn.Tests.Nystrom;

/// <summary>Small matrices in float64, as textbooks have them.</summary>
internal static class Dense
{
    public static double[][] Product(double[][] x, double[][] y, int columns) => Array.ConvertAll(x, row =>
    {
        var sum = new double[columns];
        for (int k = 0; k < y.Length; k++)
        {
            for (int c = 0; c < columns; c++) sum[c] += row[k] * y[k][c];
        }

        return sum;
    });

    public static double[][] Identity(int count, double diagonal = 1) =>
        [.. Enumerable.Range(0, count).Select(row => Enumerable.Range(0, count).Select(column => row == column ? diagonal : 0).ToArray())];

    /// <summary>Gauss and Jordan, with column pivots.</summary>
    public static double[][] Inverse(double[][] matrix)
    {
        int n = matrix.Length;
        double[][] work = [.. matrix.Zip(Identity(n), (row, unit) => (double[])[.. row, .. unit])];
        for (int step = 0; step < n; step++)
        {
            int pivot = Enumerable.Range(step, n - step).MaxBy(row => Math.Abs(work[row][step]));
            (work[step], work[pivot]) = (work[pivot], work[step]);
            double head = work[step][step];
            work[step] = Array.ConvertAll(work[step], x => x / head);
            for (int row = 0; row < n; row++)
            {
                double factor = row == step ? 0 : work[row][step];
                for (int c = 0; c < 2 * n && factor != 0; c++) work[row][c] -= factor * work[step][c];
            }
        }

        return Array.ConvertAll(work, row => row[n..]);
    }

    /// <summary>What the authors' six steps make of a matrix, with their scaling.</summary>
    public static double[][] Schulz(double[][] matrix)
    {
        int n = matrix.Length;
        double[] root = Array.ConvertAll(matrix, row => 1 / Math.Sqrt(row.Sum()));
        double[][] scaled = [.. matrix.Select((row, a) => row.Select((x, b) => x * root[a] * root[b]).ToArray())];
        double largest = Enumerable.Range(0, n).Select(column => scaled.Sum(row => row[column])).DefaultIfEmpty().Max();
        double[][] v = [.. Enumerable.Range(0, n).Select(a => Enumerable.Range(0, n).Select(b => scaled[b][a] / largest).ToArray())];
        for (int step = 0; step < 6; step++)
        {
            double[][] kv = Product(scaled, v, n);
            double[][] inner = Minus(13, Product(kv, Minus(15, Product(kv, Minus(7, kv), n)), n));
            v = Array.ConvertAll(Product(v, inner, n), row => Array.ConvertAll(row, x => x / 4));
        }

        return [.. v.Select((row, a) => row.Select((x, b) => x * root[a] * root[b]).ToArray())];

        double[][] Minus(double diagonal, double[][] x) => [.. Identity(n, diagonal).Zip(x, (unit, row) => unit.Zip(row, (p, q) => p - q).ToArray())];
    }

    /// <summary>Whether a symmetric matrix with this much added to its diagonal has a Cholesky factor: no eigenvalue is below minus that.</summary>
    public static bool IsPositive(double[][] matrix, double added)
    {
        int n = matrix.Length;
        var factor = new double[n, n];
        for (int row = 0; row < n; row++)
        {
            for (int column = 0; column <= row; column++)
            {
                double sum = matrix[row][column] + (row == column ? added : 0);
                for (int k = 0; k < column; k++) sum -= factor[row, k] * factor[column, k];
                if (row == column && sum <= 0) return false;
                factor[row, column] = row == column ? Math.Sqrt(sum) : sum / factor[column, column];
            }
        }

        return true;
    }
}
