using FastAttn.Features;
using FastAttn.Kernels;

namespace FastAttn.Scores;

/// <summary>
/// One row of Gaussian attention from the differences q − k themselves, which rounding hurts no more than the distance is large:
/// for queries far from the centre, where scores out of products would be wrong (see <see cref="GaussianFrame"/>).
/// </summary>
internal static unsafe class GaussianDifferences<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>Computes and stores row <paramref name="i"/>; O(n_k·d), some ten times what the row costs in a tile.</summary>
    /// <param name="problem">The head.</param>
    /// <param name="keys">States and values; keys are read where the caller keeps them.</param>
    /// <param name="i">The query, finite.</param>
    /// <param name="difference">Scratch, <c>[d]</c>.</param>
    /// <param name="total">Scratch, <c>[d_v]</c>.</param>
    public static void Store(in ScoreProblem problem, ScoreKeys keys, int i, float* difference, double* total)
    {
        int columns = problem.Query.Columns, valueColumns = problem.Destination.Columns;
        var query = new ReadOnlySpan<float>(problem.Query.Row(i), columns);
        new Span<double>(total, valueColumns).Clear();
        for (int j = 0; j < problem.KeptKeys; j++)
        {
            if (keys.State(j) != RowState.Kept || !problem.Bias.Sees(i, j)) continue;
            query.CopyTo(new Span<float>(difference, columns));
            TKernels.AddScaled(problem.Key.Row(j), difference, columns, -1);
            double square = TKernels.Dot(difference, difference, columns);
            double weight = Math.Pow(2, *problem.Bias.From(i, j) + problem.Bias.Largest - (0.5 * problem.Unit * square));
            if (weight == 0) continue;
            float* value = keys.Value(j);
            for (int column = 0; column < valueColumns; column++) total[column] += weight * value[column];
        }

        float* destination = problem.Destination.Row(i);
        for (int column = 0; column < valueColumns; column++) destination[column] = (float)total[column];
    }
}
