using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>
/// TRF: exp(+‖x‖²/2) · [sin(w·x) …, cos(w·x) …]; the exponential is the row's log-scale. Projections come in turns, of which whole ones
/// are taken off without rounding.
/// </summary>
internal readonly unsafe struct TrigonometricRandomFeatures : IFeatureMap
{
    public static bool Projects => true;

    public static bool IsSigned => true;

    public int FeaturesPerColumn => 2;

    public static bool NormalizesByDefault => true;

    public static double DefaultScale(int headDimension) => Math.Pow(headDimension, -0.25);

    public static double ProjectionFactor(int features) => 1 / (2 * Math.PI);

    public void Map<TKernels>(in FeatureRows rows)
        where TKernels : struct, IRowKernels
    {
        for (int r = 0; r < rows.Count; r++)
        {
            if (rows.Exponents[r] != 0) ScaleUp(rows.Row(r), rows.Columns, rows.Exponents[r]);
            rows.LogScales[r] = rows.HalfSquaredNorms[r];
        }

        TKernels.SineCosine(rows.Row(0), rows.Stride, rows.Count, rows.Columns);
    }

    public double MapLogarithm<TKernels>(float* row, int columns, int exponent, double halfSquaredNorm)
        where TKernels : struct, IRowKernels
    {
        if (exponent != 0) ScaleUp(row, columns, exponent);
        TKernels.SineCosine(row, 0, 1, columns);
        return halfSquaredNorm;
    }

    /// <summary>Multiplies by a power of two, staying finite.</summary>
    private static void ScaleUp(float* row, int columns, int exponent)
    {
        double factor = Math.ScaleB(1, exponent);
        foreach (ref float turns in new Span<float>(row, columns)) turns = (float)Math.Clamp(turns * factor, float.MinValue, float.MaxValue);
    }
}
