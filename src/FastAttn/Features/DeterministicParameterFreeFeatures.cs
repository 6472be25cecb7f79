using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>
/// DPFP: with <c>r = [relu(x), relu(−x)]</c> the products <c>r_i·r_(i−j)</c>, indices modulo 2d, for j = 1…ν. Many are zero by
/// construction, and all of them may be; then the row's log-scale is −∞.
/// </summary>
internal readonly unsafe struct DeterministicParameterFreeFeatures(int nu) : IFeatureMap
{
    /// <summary>
    /// Rows are scaled to this exponent before entries are multiplied: products stay below 2^122, and what a factor loses that becomes
    /// subnormal is below 2^-89 in each of its products.
    /// </summary>
    private const int FactorExponent = 60;

    /// <summary>2^37: beside a product as large as this, all that is lost is below the smallest normal number.</summary>
    private const float LeastProduct = 1.3743895e11f;

    public static bool Projects => false;

    public static bool IsSigned => false;

    public static bool NormalizesByDefault => false;

    public int FeaturesPerColumn => 2 * nu;

    public static bool Rolls => true;

    public static double DefaultScale(int headDimension) => 1;

    public static double ProjectionFactor(int features) => 1;

    [SkipLocalsInit]
    public void Map<TKernels>(in FeatureRows rows)
        where TKernels : struct, IRowKernels
    {
        float* rectified = stackalloc float[6 * RandomProjection.MaxDimension];
        for (int r = 0; r < rows.Count; r++)
            rows.LogScales[r] = MapRow<TKernels>(rows.Row(r), rows.Columns, rectified) + (2 * rows.Exponents[r] * Math.Log(2));
    }

    [SkipLocalsInit]
    public double MapLogarithm<TKernels>(float* row, int columns, int exponent, double halfSquaredNorm)
        where TKernels : struct, IRowKernels
    {
        double* logarithms = stackalloc double[2 * RandomProjection.MaxDimension];
        for (int a = 0; a < columns; a++)
        {
            logarithms[a] = row[a] > 0 ? Math.Log(row[a]) : double.NegativeInfinity;
            logarithms[columns + a] = row[a] < 0 ? Math.Log(-row[a]) : double.NegativeInfinity;
        }

        double largest = double.NegativeInfinity;
        for (int feature = 0; feature < nu * 2 * columns; feature++) largest = Math.Max(largest, Logarithm(logarithms, columns, feature));
        for (int feature = 0; feature < nu * 2 * columns; feature++)
        {
            double logarithm = Logarithm(logarithms, columns, feature);
            row[feature] = double.IsNegativeInfinity(logarithm) ? float.NegativeInfinity : (float)(logarithm - largest);
        }

        return largest + (2 * exponent * Math.Log(2));
    }

    private static double Logarithm(double* logarithms, int columns, int feature)
    {
        (int entry, int rolled) = Factors(columns, feature);
        return logarithms[entry] + logarithms[rolled];
    }

    /// <summary>The two entries of r whose product a feature is.</summary>
    private static (int Entry, int Rolled) Factors(int columns, int feature)
    {
        (int roll, int entry) = Math.DivRem(feature, 2 * columns);
        int rolled = entry - ((roll + 1) % (2 * columns));
        return (entry, rolled < 0 ? rolled + (2 * columns) : rolled);
    }

    private double MapRow<TKernels>(float* row, int columns, float* rectified)
        where TKernels : struct, IRowKernels
    {
        int width = 2 * columns;
        float* factors = rectified + width;
        TKernels.Scale(row, rectified + columns, columns, -1);
        new ReadOnlySpan<float>(row, columns).CopyTo(new Span<float>(rectified, columns));
        TKernels.ReluPlus(rectified, width, 0);
        float largest = TKernels.Max(rectified, width);
        if (largest == 0) return double.NegativeInfinity;

        // Two steps: from the smallest numbers the way is longer than any power of two that float32 has.
        int exponent = FactorExponent - MathF.ILogB(largest);
        TKernels.Scale(rectified, factors, width, MathF.ScaleB(1, exponent / 2));
        TKernels.Scale(factors, factors, width, MathF.ScaleB(1, exponent - (exponent / 2)));

        // The factors stand there twice, so that rolling them is reading them from an earlier place.
        var fixedFactors = new ReadOnlySpan<float>(factors, width);
        fixedFactors.CopyTo(new Span<float>(factors + width, width));
        for (int roll = 1; roll <= nu; roll++)
            TensorPrimitives.Multiply(fixedFactors, new ReadOnlySpan<float>(factors + width - (roll % width), width), new Span<float>(row + ((roll - 1) * width), width));

        return TKernels.Max(row, nu * width) >= LeastProduct
            ? RowScaling.NormalizeByPowerOfTwo<TKernels>(row, nu * width) - (2 * exponent * Math.Log(2))
            : MapFaintRow(row, columns, rectified);
    }

    /// <summary>A row of products that are zero or so much smaller than their factors that float32 might lose them: in float64 it cannot.</summary>
    private double MapFaintRow(float* row, int columns, float* rectified)
    {
        double largest = 0;
        for (int feature = 0; feature < nu * 2 * columns; feature++)
        {
            (int entry, int rolled) = Factors(columns, feature);
            largest = Math.Max(largest, (double)rectified[entry] * rectified[rolled]);
        }

        if (largest == 0) return double.NegativeInfinity;
        int exponent = Math.ILogB(largest);
        double scale = Math.ScaleB(1, -exponent);
        for (int feature = 0; feature < nu * 2 * columns; feature++)
        {
            (int entry, int rolled) = Factors(columns, feature);
            row[feature] = (float)((double)rectified[entry] * rectified[rolled] * scale);
        }

        return exponent * Math.Log(2);
    }
}
