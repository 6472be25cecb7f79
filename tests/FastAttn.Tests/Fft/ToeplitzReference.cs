namespace FastAttn.Tests.Fft;

/// <summary>y_i = Σ_j c_{j−i} x_j in float64, by the definition.</summary>
internal static class ToeplitzReference
{
    /// <summary>Entry (j − i) + (outputLength − 1) of <paramref name="coefficients"/> multiplies x_j in y_i.</summary>
    public static double Element(double[] coefficients, int outputLength, int row, double[] x)
    {
        double sum = 0;
        for (int j = 0; j < x.Length; j++) sum += coefficients[j - row + outputLength - 1] * x[j];
        return sum;
    }

    public static double Norm(double[] values) => Math.Sqrt(values.Sum(value => value * value));
}
