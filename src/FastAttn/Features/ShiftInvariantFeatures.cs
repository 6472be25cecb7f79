using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>SIKF: exp(x − o) elementwise; the offset o is the row's log-scale, so it can never overflow.</summary>
internal readonly unsafe struct ShiftInvariantFeatures : IFeatureMap
{
    public static bool Projects => false;

    public static bool IsSigned => false;

    public int FeaturesPerColumn => 1;

    public static bool NormalizesByDefault => false;

    public static double DefaultScale(int headDimension) => 1;

    public static double ProjectionFactor(int features) => 1;

    public void Map<TKernels>(in FeatureRows rows)
        where TKernels : struct, IRowKernels => ExponentialRows.Map<TKernels>(rows, isBinary: false, null);

    public double MapLogarithm<TKernels>(float* row, int columns, int exponent, double halfSquaredNorm)
        where TKernels : struct, IRowKernels => RowScaling.SubtractMaximum<TKernels>(row, columns, Math.ScaleB(1, exponent));
}
