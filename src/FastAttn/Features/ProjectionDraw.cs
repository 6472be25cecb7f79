using FastAttn.Threading;

namespace FastAttn.Features;

/// <summary>Draws random projections in float64, with a fixed order of every operation.</summary>
internal static class ProjectionDraw
{
    public static float[] Draw(int features, int dimension, ProjectionKind kind, ulong seed)
    {
        float[] values = new float[features * dimension];
        for (int first = 0, block = 0; first < features; first += dimension, block++)
        {
            int rows = Math.Min(dimension, features - first);
            var random = new Philox(seed, (uint)block);

            // A whole block is drawn even when only some rows are used, so that asking for more features keeps the first ones.
            double[][] normal = NormalRows(dimension, dimension, ref random);
            double[] lengths = Array.ConvertAll(normal, Length);
            switch (kind)
            {
                case ProjectionKind.Orthogonal:
                    lengths = Array.ConvertAll(NormalRows(dimension, dimension, ref random), Length);
                    Orthonormalize(normal);
                    break;
                case ProjectionKind.Sphere:
                    Array.ForEach(normal, row => Divide(row, Length(row)));
                    Array.Fill(lengths, Math.Sqrt(dimension));
                    break;
                case ProjectionKind.Iid:
                    Array.Fill(lengths, 1);
                    break;
            }

            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < dimension; column++)
                    values[((first + row) * dimension) + column] = (float)(normal[row][column] * lengths[row]);
            }
        }

        return values;
    }

    private static double[][] NormalRows(int rows, int columns, ref Philox random)
    {
        double[][] result = new double[rows][];
        for (int row = 0; row < rows; row++)
        {
            result[row] = new double[columns];
            for (int column = 0; column < columns; column++) result[row][column] = random.NextNormal();
        }

        return result;
    }

    /// <summary>Gram–Schmidt, done twice: once loses orthogonality when rows are nearly dependent. R's diagonal is positive, so the result is Haar.</summary>
    private static void Orthonormalize(double[][] rows)
    {
        for (int row = 0; row < rows.Length; row++)
        {
            CallWatch.Look();
            for (int pass = 0; pass < 2; pass++)
            {
                for (int earlier = 0; earlier < row; earlier++)
                {
                    double projection = Dot(rows[row], rows[earlier]);
                    for (int column = 0; column < rows[row].Length; column++) rows[row][column] -= projection * rows[earlier][column];
                }
            }

            Divide(rows[row], Length(rows[row]));
        }
    }

    private static double Length(double[] row) => Math.Sqrt(Dot(row, row));

    private static double Dot(double[] x, double[] y)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++) sum += x[i] * y[i];
        return sum;
    }

    private static void Divide(double[] row, double by)
    {
        for (int i = 0; i < row.Length; i++) row[i] /= by;
    }
}
