using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>Performer's generalised ReLU: relu(Wx/√m) + 10⁻³.</summary>
internal readonly unsafe struct ReluFeatures : IFeatureMap
{
    private const float Floor = 1e-3f;

    public static bool Projects => true;

    public static bool IsSigned => false;

    public int FeaturesPerColumn => 1;

    public static bool NormalizesByDefault => false;

    public static double DefaultScale(int headDimension) => Math.Pow(headDimension, -0.25);

    public static double ProjectionFactor(int features) => 1 / Math.Sqrt(features);

    public void Map<TKernels>(in FeatureRows rows)
        where TKernels : struct, IRowKernels
    {
        for (int r = 0; r < rows.Count; r++) rows.LogScales[r] = MapRow<TKernels>(rows.Row(r), rows.Columns, rows.Exponents[r]);
    }

    public double MapLogarithm<TKernels>(float* row, int columns, int exponent, double halfSquaredNorm)
        where TKernels : struct, IRowKernels
    {
        double scale = Math.ScaleB(1, exponent);
        for (int a = 0; a < columns; a++) row[a] = (float)Math.Log((Math.Max(row[a], 0) * scale) + Floor);
        return RowScaling.SubtractMaximum<TKernels>(row, columns, 1);
    }

    private static double MapRow<TKernels>(float* row, int columns, int exponent)
        where TKernels : struct, IRowKernels
    {
        TKernels.ReluPlus(row, columns, MathF.ScaleB(Floor, -exponent));
        return RowScaling.NormalizeByPowerOfTwo<TKernels>(row, columns) + (exponent * Math.Log(2));
    }
}
