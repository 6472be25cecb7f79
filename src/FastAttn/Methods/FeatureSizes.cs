using System.Numerics;

namespace FastAttn.Methods;

/// <summary>The sums of error bounds: a row's features by their sizes, each with what is known of its column.</summary>
internal static unsafe class FeatureSizes
{
    /// <summary>Σ_a |row_a| · denominators_a, and the same with numerators.</summary>
    public static (float Denominator, float Numerator) Weigh(float* row, float* denominators, float* numerators, int count)
    {
        Vector<float> denominator = Vector<float>.Zero, numerator = Vector<float>.Zero;
        int a = 0;
        for (; a <= count - Vector<float>.Count; a += Vector<float>.Count)
        {
            Vector<float> size = Vector.Abs(Vector.Load(row + a));
            denominator += size * Vector.Load(denominators + a);
            numerator += size * Vector.Load(numerators + a);
        }

        float denominatorSum = Vector.Sum(denominator), numeratorSum = Vector.Sum(numerator);
        for (; a < count; a++)
        {
            denominatorSum += Math.Abs(row[a]) * denominators[a];
            numeratorSum += Math.Abs(row[a]) * numerators[a];
        }

        return (denominatorSum, numeratorSum);
    }
}
