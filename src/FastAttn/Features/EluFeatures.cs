using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>elu(x) + 1 (Linear Transformer): x + 1 above zero, exp(x) below.</summary>
internal readonly unsafe struct EluFeatures : IFeatureMap
{
    public static bool Projects => false;

    public static bool IsSigned => false;

    public int FeaturesPerColumn => 1;

    public static bool NormalizesByDefault => false;

    public static double DefaultScale(int headDimension) => 1;

    public static double ProjectionFactor(int features) => 1;

    public void Map<TKernels>(in FeatureRows rows)
        where TKernels : struct, IRowKernels
    {
        for (int r = 0; r < rows.Count; r++) rows.LogScales[r] = MapRow<TKernels>(rows.Row(r), rows.Columns, rows.Exponents[r]);
    }

    public double MapLogarithm<TKernels>(float* row, int columns, int exponent, double halfSquaredNorm)
        where TKernels : struct, IRowKernels
    {
        double scale = Math.ScaleB(1, exponent);
        if (TKernels.Max(row, columns) < 0) return RowScaling.SubtractMaximum<TKernels>(row, columns, scale);
        for (int a = 0; a < columns; a++)
        {
            double x = row[a] * scale;
            row[a] = (float)(x < 0 ? Math.Max(x, RowScaling.LeastLogarithm) : Math.Log(1 + x));
        }

        return RowScaling.SubtractMaximum<TKernels>(row, columns, 1);
    }

    private static double MapRow<TKernels>(float* row, int columns, int exponent)
        where TKernels : struct, IRowKernels
    {
        // All below zero: an exponential map, which would underflow without its own maximum.
        if (TKernels.Max(row, columns) < 0) return ExponentialRows.MapRow<TKernels>(row, columns, Math.ScaleB(1, exponent));
        if (exponent == 0)
        {
            TKernels.EluPlusOne(row, columns);
            return RowScaling.NormalizeByPowerOfTwo<TKernels>(row, columns);
        }

        // So large that one and every exponential vanish beside the largest entry.
        TKernels.ReluPlus(row, columns, 0);
        return RowScaling.NormalizeByPowerOfTwo<TKernels>(row, columns) + (exponent * Math.Log(2));
    }
}
