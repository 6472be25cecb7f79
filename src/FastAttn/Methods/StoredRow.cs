using FastAttn.Features;
using FastAttn.Kernels;

namespace FastAttn.Methods;

/// <summary>A finished row: numerators over the denominator, in the caller's units.</summary>
internal static unsafe class StoredRow
{
    public static void Store<TKernels>(in HeadProblem problem, in PartialSums sums, int row, RowSource destination)
        where TKernels : struct, IRowKernels
    {
        float* target = destination.Row(row);
        TKernels.Scale(sums.Numerators + ((long)row * sums.NumeratorStride), target, problem.ValueDimension, 1 / sums.Denominators[row]);
        if (problem.Values.Factor != 1) TKernels.Scale(target, target, problem.ValueDimension, 1 / problem.Values.Factor);
    }
}
