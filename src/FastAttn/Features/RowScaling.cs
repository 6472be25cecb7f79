using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>Scalings that feature maps share.</summary>
internal static unsafe class RowScaling
{
    /// <summary>
    /// The least logarithm of a feature that is not zero. Two of them add up to a number, so that features so far apart that float32 has no
    /// logarithm of their quotient still meet.
    /// </summary>
    public const float LeastLogarithm = float.MinValue / 2;

    /// <summary><c>row ← (row − its maximum) · unit</c>, at least <see cref="LeastLogarithm"/>; returns the maximum, scaled likewise.</summary>
    public static double SubtractMaximum<TKernels>(float* row, int columns, double unit)
        where TKernels : struct, IRowKernels
    {
        float max = TKernels.Max(row, columns);
        for (int a = 0; a < columns; a++) row[a] = (float)Math.Max(((double)row[a] - max) * unit, LeastLogarithm);
        return max * unit;
    }

    /// <summary>Divides by the power of two that brings the largest element near one; returns its logarithm. All elements are ≥ 0, one is above.</summary>
    public static double NormalizeByPowerOfTwo<TKernels>(float* row, int columns)
        where TKernels : struct, IRowKernels
    {
        double logarithm = PowerOfTwo(TKernels.Max(row, columns), out float factor);
        if (factor != 1) TKernels.Scale(row, row, columns, factor);
        return logarithm;
    }

    /// <summary>The factor that brings a number above zero near one, a power of two; returns the logarithm of what it divides by.</summary>
    public static double PowerOfTwo(float largest, out float factor)
    {
        // Below the smallest normal number the reciprocal would overflow.
        int exponent = Math.Max(Math.ILogB(largest), -126);
        factor = MathF.ScaleB(1, -exponent);
        return exponent * Math.Log(2);
    }
}
