using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>exp of a row relative to its own maximum: the core of every exponential map.</summary>
internal static unsafe class ExponentialRow
{
    public static double Map<TKernels>(float* row, int columns, int exponent)
        where TKernels : struct, IRowKernels
    {
        double max;
        if (exponent == 0)
        {
            float shift = TKernels.Max(row, columns);
            TKernels.ExpShifted(row, columns, shift);
            max = shift;
        }
        else
        {
            max = RowScaling.SubtractMaximum<TKernels>(row, columns, exponent);
            TKernels.ExpShifted(row, columns, 0);
        }

        return max;
    }
}
