using FastAttn.Kernels;

namespace FastAttn.Methods;

/// <summary>A finished row: numerators over the denominator, in the caller's units. The numerators are scratch from then on.</summary>
internal static unsafe class StoredRow
{
    public static void Store<TKernels>(in HeadProblem problem, in PartialSums sums, int row, in OutputRows destination)
        where TKernels : struct, IRowKernels
    {
        float* numerators = sums.Numerators + ((long)row * sums.NumeratorStride);
        float inverse = 1 / sums.Denominators[row], factor = inverse / problem.Values.Factor;
        if (float.IsNormal(factor))
        {
            destination.Store<TKernels>(row, numerators, factor);
            return;
        }

        // Neither of the two factors alone leaves float32.
        TKernels.Scale(numerators, numerators, problem.ValueDimension, inverse);
        destination.Store<TKernels>(row, numerators, 1 / problem.Values.Factor);
    }

    /// <summary>The row of a query that sees nothing.</summary>
    public static void StoreZeros<TKernels>(in HeadProblem problem, in PartialSums sums, int row, in OutputRows destination)
        where TKernels : struct, IRowKernels
    {
        float* numerators = sums.Numerators + ((long)row * sums.NumeratorStride);
        new Span<float>(numerators, problem.ValueDimension).Clear();
        destination.Store<TKernels>(row, numerators, 1);
    }
}
