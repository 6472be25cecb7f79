using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>
/// PRF: exp(w·x − ‖x‖²/2). The factor 1/√m is the same for every row and cancels. Projections come in binary logarithms, whose
/// exponentials cost less.
/// </summary>
internal readonly unsafe struct PositiveRandomFeatures : IFeatureMap
{
    public static bool Projects => true;

    public static bool IsSigned => false;

    public int FeaturesPerColumn => 1;

    public static bool NormalizesByDefault => true;

    public static EpsilonUse Epsilon => EpsilonUse.AddedToFeatures;

    public static double DefaultScale(int headDimension) => Math.Pow(headDimension, -0.25);

    public static double ProjectionFactor(int features) => 1 / Math.Log(2);

    public void Map<TKernels>(in FeatureRows rows)
        where TKernels : struct, IRowKernels => ExponentialRows.Map<TKernels>(rows, isBinary: true, rows.HalfSquaredNorms);

    public double MapLogarithm<TKernels>(float* row, int columns, int exponent, double halfSquaredNorm)
        where TKernels : struct, IRowKernels =>
        RowScaling.SubtractMaximum<TKernels>(row, columns, Math.ScaleB(Math.Log(2), exponent)) - halfSquaredNorm;
}
