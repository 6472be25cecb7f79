using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>Features that the caller has made, none below zero: φ(x) = x.</summary>
internal readonly unsafe struct GivenFeatures : IFeatureMap
{
    public static bool Projects => false;

    public static bool IsSigned => false;

    public int FeaturesPerColumn => 1;

    public static bool NormalizesByDefault => false;

    public static bool IsGiven => true;

    public static double DefaultScale(int headDimension) => 1;

    public static double ProjectionFactor(int features) => 1;

    public void Map<TKernels>(in FeatureRows rows)
        where TKernels : struct, IRowKernels
    {
        for (int r = 0; r < rows.Count; r++)
        {
            // A row of zeros has no logarithm, and meets no other.
            rows.LogScales[r] = TKernels.Max(rows.Row(r), rows.Columns) > 0
                ? RowScaling.NormalizeByPowerOfTwo<TKernels>(rows.Row(r), rows.Columns) + (rows.Exponents[r] * Math.Log(2))
                : double.NegativeInfinity;
        }
    }

    public double MapLogarithm<TKernels>(float* row, int columns, int exponent, double halfSquaredNorm)
        where TKernels : struct, IRowKernels
    {
        double largest = TKernels.Max(row, columns);
        for (int a = 0; a < columns; a++) row[a] = row[a] > 0 ? (float)Math.Log(row[a] / largest) : float.NegativeInfinity;
        return largest > 0 ? Math.Log(largest) + (exponent * Math.Log(2)) : double.NegativeInfinity;
    }
}
