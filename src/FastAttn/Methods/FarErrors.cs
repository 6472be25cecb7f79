using System.Numerics.Tensors;
using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>
/// What coefficients that are off by at most δ do to each row: δ · Σ_a |φ(q_i)_a| Σ_j |φ(k_j)_a| over keys up to the last that
/// the row sees, and the same with ‖v_j‖. The first causal rows see little, but are also given little that can be wrong.
/// </summary>
internal static unsafe class FarErrors
{
    /// <summary>An error below this is within what underflow is counted for already: features are at most one.</summary>
    public const double Least = 1.17549435e-38;

    /// <summary>Keys that are summed apart: a float32 running sum over a million keys would be some percent short.</summary>
    private const int KeysPerPart = 1024;

    /// <summary>Sums of 1024 and of up to 2¹⁸ terms are short by less than two percent.</summary>
    private const float Slack = 1.02f;

    public static void Add<TKernels>(in HeadProblem problem, in PartialSums sums, double error, ref Arena arena)
        where TKernels : struct, IKernels
    {
        long mark = arena.Mark;
        int stride = problem.FeatureStride, features = problem.Features;
        float* total = arena.Take<float>(2 * stride);
        float* part = arena.Take<float>(2 * stride);
        float* sizes = arena.Take<float>(stride);
        if (!arena.IsMeasuring)
        {
            new Span<float>(total, 2 * stride).Clear();
            new Span<float>(part, 2 * stride).Clear();
            float factor = (float)error * Slack;
            int next = 0;
            for (int i = 0; i < problem.QueryCount; i++)
            {
                long last = Math.Min((long)problem.Position.LastNonZero + i - problem.Offset, problem.KeyCount - 1);
                for (; next <= last; next++)
                {
                    Sizes(problem.Key + ((long)next * stride), sizes, features);
                    TKernels.AddScaled(sizes, part, features, 1);
                    TKernels.AddScaled(sizes, part + stride, features, (float)(problem.ValueNorm[next] * problem.Values.Factor));
                    if ((next + 1) % KeysPerPart != 0) continue;
                    TKernels.AddScaled(part, total, 2 * stride, 1);
                    new Span<float>(part, 2 * stride).Clear();
                }

                Sizes(problem.Query + ((long)i * stride), sizes, features);
                sums.DenominatorErrors[i] += factor * (TKernels.Dot(sizes, total, features) + TKernels.Dot(sizes, part, features));
                sums.NumeratorErrors[i] += factor * (TKernels.Dot(sizes, total + stride, features) + TKernels.Dot(sizes, part + stride, features));
            }
        }

        arena.Release(mark);
    }

    private static void Sizes(float* row, float* sizes, int count) =>
        TensorPrimitives.Abs(new ReadOnlySpan<float>(row, count), new Span<float>(sizes, count));
}
