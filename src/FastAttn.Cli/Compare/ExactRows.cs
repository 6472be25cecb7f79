using System.Numerics.Tensors;
using FastAttn.Cli.Demo;

namespace FastAttn.Cli.Compare;

/// <summary>Rows of an <see cref="ExactForm"/> in double precision by its definition; shares no code with the library.</summary>
internal static class ExactRows
{
    /// <summary>The rows of every head.</summary>
    /// <returns><c>[heads, rows, d]</c>.</returns>
    public static double[] Compute(AttentionData data, ExactForm form, int[] rows, int threads)
    {
        double[] result = new double[DemoShape.Heads * rows.Length * DemoShape.HeadDimension];
        Parallel.For(0, DemoShape.Heads, new ParallelOptions { MaxDegreeOfParallelism = threads }, head => ComputeHead(data, form, rows, head, result));
        return result;
    }

    /// <summary>Adds <c>Σ_j w_{i−j} v_j</c> to rows of every head (Zubkov and Gavrilov 2022).</summary>
    /// <param name="data">The inputs.</param>
    /// <param name="weights"><c>[heads, 2n − 1]</c>, entry (i − j) + (n − 1).</param>
    /// <param name="rows">Which rows.</param>
    /// <param name="result"><c>[heads, rows, d]</c>.</param>
    public static void AddProducts(AttentionData data, float[] weights, int[] rows, double[] result)
    {
        const int columns = DemoShape.HeadDimension;
        for (int head = 0; head < DemoShape.Heads; head++)
        {
            for (int row = 0; row < rows.Length; row++)
            {
                Span<double> sum = result.AsSpan((head * rows.Length + row) * columns, columns);
                for (int key = 0; key < data.Length; key++)
                {
                    double weight = weights[(head * (2 * data.Length - 1)) + rows[row] - key + data.Length - 1];
                    for (int column = 0; column < columns; column++) sum[column] += weight * data.Value[(head * data.Length + key) * columns + column];
                }
            }
        }
    }

    private static void ComputeHead(AttentionData data, ExactForm form, int[] rows, int head, double[] result)
    {
        const int columns = DemoShape.HeadDimension;
        double[][] keys = Prepared(data.Key, form, head, [.. Enumerable.Range(0, data.Length)], data.Length);
        double[][] queries = Prepared(data.Query, form, head, rows, data.Length);
        double[] keySquares = Array.ConvertAll(keys, key => TensorPrimitives.SumOfSquares<double>(key));
        double[] values = Array.ConvertAll(data.Value.AsSpan(head * data.Length * columns, data.Length * columns).ToArray(), value => (double)value);
        for (int row = 0; row < rows.Length; row++)
        {
            Span<double> sum = result.AsSpan((head * rows.Length + row) * columns, columns);
            double weights = 0, square = TensorPrimitives.SumOfSquares<double>(queries[row]);
            int bias = (head * (2 * data.Length - 1)) + data.Length - 1 - rows[row];
            for (int key = 0; key < data.Length; key++)
            {
                double weight = form.Weight(TensorPrimitives.Dot<double>(queries[row], keys[key]), square, keySquares[key]);
                if (form.HasBias) weight *= Math.Exp(data.Bias[bias + key]);
                weights += weight;
                TensorPrimitives.MultiplyAdd(values.AsSpan(key * columns, columns), weight, sum, sum);
            }

            if (form.Divides) TensorPrimitives.Divide(sum, weights, sum);
        }
    }

    private static double[][] Prepared(float[] rows, ExactForm form, int head, int[] chosen, int length) =>
        Array.ConvertAll(chosen, row => form.Prepare(Array.ConvertAll(
            rows.AsSpan((head * length + row) * DemoShape.HeadDimension, DemoShape.HeadDimension).ToArray(), entry => (double)entry)));
}
