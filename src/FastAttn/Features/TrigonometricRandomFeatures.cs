using System.Numerics.Tensors;
using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>TRF: exp(+‖x‖²/2) · [sin(w·x) …, cos(w·x) …]; the exponential is the row's log-scale.</summary>
internal readonly unsafe struct TrigonometricRandomFeatures : IFeatureMap
{
    public static bool Projects => true;

    public static bool IsSigned => true;

    public int FeaturesPerColumn => 2;

    public static bool NormalizesByDefault => true;

    public static double DefaultScale(int headDimension) => Math.Pow(headDimension, -0.25);

    public static double ProjectionFactor(int features) => 1;

    public void Map<TKernels>(in FeatureRows rows)
        where TKernels : struct, IRowKernels
    {
        for (int r = 0; r < rows.Count; r++)
            rows.LogScales[r] = MapLogarithm<TKernels>(rows.Row(r), rows.Columns, rows.Exponents[r], rows.HalfSquaredNorms[r]);
    }

    public double MapLogarithm<TKernels>(float* row, int columns, int exponent, double halfSquaredNorm)
        where TKernels : struct, IRowKernels
    {
        var angles = new Span<float>(row, columns);
        if (exponent != 0)
        {
            double factor = Math.ScaleB(1, exponent);
            foreach (ref float angle in angles) angle = (float)Math.Clamp(angle * factor, float.MinValue, float.MaxValue);
        }

        var cosines = new Span<float>(row + columns, columns);
        TensorPrimitives.Cos(angles, cosines);
        TensorPrimitives.Sin(angles, angles);
        return halfSquaredNorm;
    }
}
