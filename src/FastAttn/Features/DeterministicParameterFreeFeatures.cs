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
    /// Rows are scaled to this exponent before entries are multiplied: products stay below 2^127, and what underflows is below 2^-149
    /// of the largest, unless all products are far below their factors.
    /// </summary>
    private const int FactorExponent = 60;

    public static bool Projects => false;

    public static bool IsSigned => false;

    public static bool NormalizesByDefault => false;

    public int FeaturesPerColumn => 2 * nu;

    public static double DefaultScale(int headDimension) => 1;

    public static double ProjectionFactor(int features) => 1;

    [SkipLocalsInit]
    public void Map<TKernels>(in FeatureRows rows)
        where TKernels : struct, IRowKernels
    {
        float* rectified = stackalloc float[4 * RandomProjection.MaxDimension];
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
        double logScale = Rectify<TKernels>(row, columns, rectified);

        // r stands there twice, so that rolling it is reading it from an earlier place.
        new ReadOnlySpan<float>(rectified, width).CopyTo(new Span<float>(rectified + width, width));
        var factors = new ReadOnlySpan<float>(rectified + width, width);
        for (int roll = 1; roll <= nu; roll++)
            TensorPrimitives.Multiply(factors, new ReadOnlySpan<float>(rectified + width - (roll % width), width), new Span<float>(row + ((roll - 1) * width), width));

        return TKernels.Max(row, nu * width) >= 1
            ? RowScaling.NormalizeByPowerOfTwo<TKernels>(row, nu * width) + logScale
            : MapFaintRow(row, columns, rectified) + logScale;
    }

    /// <summary>Writes r times the power of two that brings its largest entry to <see cref="FactorExponent"/>; returns what that takes off the log-scale.</summary>
    private static double Rectify<TKernels>(float* row, int columns, float* rectified)
        where TKernels : struct, IRowKernels
    {
        TKernels.Scale(row, rectified + columns, columns, -1);
        new ReadOnlySpan<float>(row, columns).CopyTo(new Span<float>(rectified, columns));
        TKernels.ReluPlus(rectified, 2 * columns, 0);
        float largest = TKernels.Max(rectified, 2 * columns);
        if (largest == 0) return 0;

        // Two steps: from the smallest numbers the way is longer than any power of two that float32 has.
        int exponent = FactorExponent - MathF.ILogB(largest);
        TKernels.Scale(rectified, rectified, 2 * columns, MathF.ScaleB(1, exponent / 2));
        TKernels.Scale(rectified, rectified, 2 * columns, MathF.ScaleB(1, exponent - (exponent / 2)));
        return -2 * exponent * Math.Log(2);
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
