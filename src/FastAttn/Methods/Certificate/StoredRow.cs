using FastAttn.Features;
using FastAttn.Kernels;

namespace FastAttn.Methods;

/// <summary>A finished row: numerators over the denominator, in the caller's units.</summary>
internal static unsafe class StoredRow
{
    public static void Store<TKernels>(in HeadProblem problem, in PartialSums sums, int row, RowSource destination)
        where TKernels : struct, IRowKernels
    {
        float* source = sums.Numerators + ((long)row * sums.NumeratorStride), target = destination.Row(row);
        float inverse = 1 / sums.Denominators[row], factor = inverse / problem.Values.Factor;
        if (float.IsNormal(factor))
        {
            TKernels.Scale(source, target, problem.ValueDimension, factor);
            return;
        }

        // Neither of the two factors alone leaves float32.
        TKernels.Scale(source, target, problem.ValueDimension, inverse);
        TKernels.Scale(target, target, problem.ValueDimension, 1 / problem.Values.Factor);
    }
}
