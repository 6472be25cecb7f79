using System.Numerics.Tensors;
using FastAttn.Kernels;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>One log-scale for all keys of a head: a factor per key would not cancel.</summary>
internal static unsafe class KeyScale<TKernels>
    where TKernels : struct, IRowKernels
{
    /// <summary>Brings all rows to one log-scale.</summary>
    public static void Unify(float* keys, int stride, double* scales, int count, double common, Crew crew) =>
        crew.Run(new Ranges(keys, stride, scales, count, common), RowRanges.Count(count));

    private readonly struct Ranges(float* keys, int stride, double* scales, int count, double common) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            (int first, int end) = RowRanges.Of(index, count);
            double* factors = stackalloc double[RowRanges.RowsPerRange];
            var wide = new Span<double>(factors, end - first);
            TensorPrimitives.Subtract(new ReadOnlySpan<double>(scales + first, end - first), common, wide);
            TensorPrimitives.Exp(wide, wide);
            for (int j = first; j < end; j++)
            {
                float* row = keys + ((long)j * stride);
                TKernels.Scale(row, row, stride, (float)factors[j - first]);
            }
        }
    }
}
