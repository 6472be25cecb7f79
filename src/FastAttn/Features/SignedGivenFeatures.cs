using System.Numerics.Tensors;
using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>Features of either sign that the caller has made: φ(x) = x.</summary>
internal readonly unsafe struct SignedGivenFeatures : IFeatureMap
{
    public static bool Projects => false;

    public static bool IsSigned => true;

    public int FeaturesPerColumn => 1;

    public static bool NormalizesByDefault => false;

    public static bool IsGiven => true;

    public static double DefaultScale(int headDimension) => 1;

    public static double ProjectionFactor(int features) => 1;

    public void Map<TKernels>(in FeatureRows rows)
        where TKernels : struct, IRowKernels
    {
        for (int r = 0; r < rows.Count; r++) rows.LogScales[r] = MapRow<TKernels>(rows.Row(r), rows.Columns, rows.Exponents[r]);
    }

    public double MapLogarithm<TKernels>(float* row, int columns, int exponent, double halfSquaredNorm)
        where TKernels : struct, IRowKernels => MapRow<TKernels>(row, columns, exponent);

    private static double MapRow<TKernels>(float* row, int columns, int exponent)
        where TKernels : struct, IRowKernels
    {
        float largest = Math.Abs(TensorPrimitives.MaxMagnitude(new ReadOnlySpan<float>(row, columns)));
        if (largest == 0) return double.NegativeInfinity;
        double logarithm = RowScaling.PowerOfTwo(largest, out float factor);
        if (factor != 1) TKernels.Scale(row, row, columns, factor);
        return logarithm + (exponent * Math.Log(2));
    }
}
