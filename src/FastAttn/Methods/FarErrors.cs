using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>
/// What coefficients that are off by at most δ do to each row: δ · Σ_a |φ(q_i)_a| Σ_j |φ(k_j)_a| over keys up to the last that
/// the row sees, and the same with ‖v_j‖. The first causal rows see little, but are also given little that can be wrong.
/// </summary>
internal static unsafe class FarErrors
{
    public static void Add(in HeadProblem problem, in PartialSums sums, double error, ref Arena arena)
    {
        long mark = arena.Mark;
        int stride = problem.FeatureStride;
        double* keys = arena.Take<double>(stride);
        double* values = arena.Take<double>(stride);
        if (!arena.IsMeasuring)
        {
            new Span<double>(keys, stride).Clear();
            new Span<double>(values, stride).Clear();
            int next = 0;
            for (int i = 0; i < problem.QueryCount; i++)
            {
                long last = Math.Min((long)problem.Position.LastNonZero + i - problem.Offset, problem.KeyCount - 1);
                for (; next <= last; next++) Add(problem, next, keys, values);
                float* row = problem.Query + ((long)i * stride);
                double key = 0, value = 0;
                for (int a = 0; a < problem.Features; a++)
                {
                    double size = Math.Abs((double)row[a]);
                    key += size * keys[a];
                    value += size * values[a];
                }

                sums.DenominatorErrors[i] += (float)(error * key);
                sums.NumeratorErrors[i] += (float)(error * value);
            }
        }

        arena.Release(mark);
    }

    private static void Add(in HeadProblem problem, int key, double* keys, double* values)
    {
        float* row = problem.Key + ((long)key * problem.FeatureStride);
        double norm = problem.ValueNorm[key] * problem.Values.Factor;
        for (int a = 0; a < problem.Features; a++)
        {
            double size = Math.Abs((double)row[a]);
            keys[a] += size;
            values[a] += size * norm;
        }
    }
}
