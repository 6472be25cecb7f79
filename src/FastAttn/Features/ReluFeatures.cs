using System.Runtime.CompilerServices;
using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>Performer's generalised ReLU: relu(Wx/√m) + ε.</summary>
/// <param name="floor">ε, above zero.</param>
internal readonly unsafe struct ReluFeatures(float floor) : IFeatureMap
{
    /// <summary>ε of the published codes.</summary>
    public const float DefaultFloor = 1e-3f;

    /// <summary>Rows whose maxima are under way at once.</summary>
    private const int MostRows = 64;

    public static bool Projects => true;

    public static bool IsSigned => false;

    public int FeaturesPerColumn => 1;

    public static bool NormalizesByDefault => false;

    public static EpsilonUse Epsilon => EpsilonUse.InMap;

    public static double DefaultScale(int headDimension) => Math.Pow(headDimension, -0.25);

    public static double ProjectionFactor(int features) => 1 / Math.Sqrt(features);

    [SkipLocalsInit]
    public void Map<TKernels>(in FeatureRows rows)
        where TKernels : struct, IRowKernels
    {
        float* factors = stackalloc float[MostRows];
        for (int first = 0; first < rows.Count; first += MostRows)
        {
            int count = Math.Min(MostRows, rows.Count - first);
            if (new ReadOnlySpan<int>(rows.Exponents + first, count).ContainsAnyExcept(0))
            {
                for (int r = first; r < first + count; r++) rows.LogScales[r] = MapRow<TKernels>(rows.Row(r), rows.Columns, rows.Exponents[r]);
                continue;
            }

            // Padding is zero: it is no maximum that counts, and becomes zero again.
            TKernels.MaxRows(rows.Row(first), rows.Stride, count, rows.Columns, factors);
            for (int r = 0; r < count; r++) rows.LogScales[first + r] = RowScaling.PowerOfTwo(Math.Max(factors[r], 0) + floor, out factors[r]);
            TKernels.ReluRows(rows.Row(first), rows.Stride, count, rows.Columns, floor, factors);
            for (int r = first; r < first + count && rows.Columns < rows.Stride; r++)
                new Span<float>(rows.Row(r) + rows.Columns, rows.Stride - rows.Columns).Clear();
        }
    }

    public double MapLogarithm<TKernels>(float* row, int columns, int exponent, double halfSquaredNorm)
        where TKernels : struct, IRowKernels
    {
        double scale = Math.ScaleB(1, exponent);
        for (int a = 0; a < columns; a++) row[a] = (float)Math.Log((Math.Max(row[a], 0) * scale) + floor);
        return RowScaling.SubtractMaximum<TKernels>(row, columns, 1);
    }

    private double MapRow<TKernels>(float* row, int columns, int exponent)
        where TKernels : struct, IRowKernels
    {
        TKernels.ReluPlus(row, columns, MathF.ScaleB(floor, -exponent));
        return RowScaling.NormalizeByPowerOfTwo<TKernels>(row, columns) + (exponent * Math.Log(2));
    }
}
