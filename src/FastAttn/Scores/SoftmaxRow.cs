using System.Numerics.Tensors;
using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Threading;

namespace FastAttn.Scores;

/// <summary>
/// One row of softmax attention in float64: for queries and keys whose products may leave float32, and for rows whose biases are so large that
/// products would be lost beside them.
/// </summary>
internal static unsafe class SoftmaxRow
{
    /// <summary>Computes and stores row <paramref name="i"/>; O(n_k·(d + d_v)), some ten times what the row costs in a tile.</summary>
    /// <param name="problem">The head.</param>
    /// <param name="keys">States and values; keys are read where the caller keeps them.</param>
    /// <param name="i">The query, finite.</param>
    /// <param name="total">Scratch, <c>[d_v]</c>.</param>
    /// <param name="finished">Scratch, <c>[d_v]</c>.</param>
    /// <param name="rows">Scratch, two rows of query and key.</param>
    public static void Store<TKernels>(in ScoreProblem problem, ScoreKeys keys, int i, double* total, float* finished, float* rows)
        where TKernels : struct, IRowKernels
    {
        int columns = problem.Destination.Columns;
        var sums = new Span<double>(total, columns);
        sums.Clear();
        float* query = problem.Query.Read(i, rows), converted = rows + problem.Query.Columns;
        double largest = double.NegativeInfinity, largestBias = double.NegativeInfinity, weights = 0;
        CallWatch.Look();
        for (int j = 0; j < problem.KeptKeys; j++)
        {
            if (Counts(problem, keys, i, j)) largestBias = Math.Max(largestBias, Bias(problem, i, j));
        }

        for (int j = 0; j < problem.KeptKeys; j++)
        {
            if (!Counts(problem, keys, i, j)) continue;
            double score = (problem.Unit * Product(query, problem.Key.Read(j, converted), problem.Key.Columns)) + (Bias(problem, i, j) - largestBias);
            if (score > largest)
            {
                double factor = Math.Pow(2, largest - score);
                TensorPrimitives.Multiply(sums, factor, sums);
                weights *= factor;
                largest = score;
            }

            double weight = Math.Pow(2, score - largest);
            weights += weight;
            float* value = keys.Value(j);
            for (int column = 0; column < columns; column++) sums[column] += weight * value[column];
        }

        if (weights > 0) TensorPrimitives.Divide(sums, weights, sums);
        TensorPrimitives.ConvertTruncating<double, float>(sums, new Span<float>(finished, columns));
        problem.Destination.Write<TKernels>(i, finished, 1);
    }

    private static bool Counts(in ScoreProblem problem, ScoreKeys keys, int i, int j) => keys.State(j) == RowState.Kept && problem.Bias.Sees(i, j);

    private static double Bias(in ScoreProblem problem, int i, int j) => problem.Bias.Exact.At(problem.Bias.Layout.Offset(i, j));

    private static double Product(float* x, float* y, int count)
    {
        double sum = 0;
        for (int column = 0; column < count; column++) sum += (double)x[column] * y[column];
        return sum;
    }
}
