using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>What coefficients that are off by at most δ do to each row: δ · Σ_a |φ(q_i)_a| Σ_j |φ(k_j)_a|, and the same with ‖v_j‖.</summary>
internal static unsafe class FarErrors
{
    public static void Add<TKernels>(in HeadProblem problem, in PartialSums sums, double error, ref Arena arena)
        where TKernels : struct, IKernels
    {
        long mark = arena.Mark;
        int stride = problem.FeatureStride;
        double* keys = arena.Take<double>(stride);
        double* values = arena.Take<double>(stride);
        if (!arena.IsMeasuring)
        {
            new Span<double>(keys, stride).Clear();
            new Span<double>(values, stride).Clear();
            for (int j = 0; j < problem.KeyCount; j++)
            {
                float* row = problem.Key + ((long)j * stride);
                double norm = problem.ValueNorm[j] * problem.Values.Factor;
                for (int a = 0; a < problem.Features; a++)
                {
                    double size = Math.Abs((double)row[a]);
                    keys[a] += size;
                    values[a] += size * norm;
                }
            }

            for (int i = 0; i < problem.QueryCount; i++)
            {
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
}
