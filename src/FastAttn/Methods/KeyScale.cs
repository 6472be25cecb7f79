using System.Numerics.Tensors;
using FastAttn.Kernels;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>One log-scale for all keys of a head: a factor per key would not cancel.</summary>
internal static unsafe class KeyScale<TKernels>
    where TKernels : struct, IRowKernels
{
    /// <summary>Brings all rows to the largest log-scale among them and returns it; zero when no key takes part.</summary>
    public static double Unify(float* keys, int stride, double* scales, int count, Crew crew)
    {
        double largest = TensorPrimitives.Max(new ReadOnlySpan<double>(scales, count));
        if (double.IsNegativeInfinity(largest)) return 0;
        crew.Run(new Ranges(keys, stride, scales, count, largest), RowRanges.Count(count));
        return largest;
    }

    private readonly struct Ranges(float* keys, int stride, double* scales, int count, double largest) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            (int first, int end) = RowRanges.Of(index, count);
            double* factors = stackalloc double[RowRanges.RowsPerRange];
            var wide = new Span<double>(factors, end - first);
            TensorPrimitives.Subtract(new ReadOnlySpan<double>(scales + first, end - first), largest, wide);
            TensorPrimitives.Exp(wide, wide);
            for (int j = first; j < end; j++)
            {
                float* row = keys + ((long)j * stride);
                TKernels.Scale(row, row, stride, (float)factors[j - first]);
            }
        }
    }
}
