namespace FastAttn.Tests.Features;

/// <summary>Kernels, series, features and variances of SchoenbAt in float64, straight from their definitions.</summary>
internal static class MaclaurinReference
{
    /// <summary>f(t) in closed form.</summary>
    public static double Kernel(SchoenbatKernel kernel, double t) => kernel switch
    {
        SchoenbatKernel.Exp => Math.Exp(t),
        SchoenbatKernel.Inv => 1 / (1 - t),
        SchoenbatKernel.Log => 1 - Math.Log(1 - t),
        SchoenbatKernel.Trigh => Math.Cosh(t) + Math.Sinh(t),
        _ => 2 - Math.Sqrt(1 - t),
    };

    /// <summary>a_N, from factorials.</summary>
    public static double Coefficient(SchoenbatKernel kernel, int n) => n == 0 ? 1 : kernel switch
    {
        SchoenbatKernel.Inv => 1,
        SchoenbatKernel.Log => 1.0 / n,
        SchoenbatKernel.Sqrt => Enumerable.Range(1, n - 1).Aggregate(1.0, (product, k) => product * ((2 * k) - 1)) / (Math.Pow(2, n) * Factorial(n)),
        _ => 1 / Factorial(n),
    };

    /// <summary>P[N], when each degree from <paramref name="first"/> to 20 is half as likely as the one before.</summary>
    public static double Probability(int first, int n) =>
        Math.Pow(2, -n) / Enumerable.Range(first, 21 - first).Sum(degree => Math.Pow(2, -degree));

    /// <summary>The lowest degree a draw has random features of.</summary>
    public static int FirstDegree(MaclaurinFeatures draw) => draw.IsLiteral ? 0 : draw.ExactDegrees + 1;

    /// <summary>φ(x): exact features, then random ones.</summary>
    public static double[] Features(MaclaurinFeatures draw, double[] x)
    {
        var features = new List<double>();
        int d = draw.Dimension, first = FirstDegree(draw), row = 0;
        for (int n = 0; n < first; n++)
        {
            // The square of a sum: every ordered tuple of columns once.
            double root = Math.Sqrt(Coefficient(draw.Kernel, n));
            if (n == 0) features.Add(root);
            else if (n == 1) features.AddRange(x.Select(value => root * value));
            else features.AddRange(from a in x from b in x select root * a * b);
        }

        foreach (int n in draw.Degrees)
        {
            double feature = Math.Sqrt(Coefficient(draw.Kernel, n) / (Probability(first, n) * draw.Degrees.Length));
            for (int factor = 0; factor < n; factor++, row++)
            {
                ReadOnlySpan<sbyte> w = draw.Signs.Slice(row * d, d);
                double sum = 0;
                for (int c = 0; c < d; c++) sum += w[c] * x[c];
                feature *= sum;
            }

            features.Add(feature);
        }

        return [.. features];
    }

    /// <summary>Σ_{N≤20} a_N tᴺ: what the features are unbiased for.</summary>
    public static double Series(SchoenbatKernel kernel, double t) => Enumerable.Range(0, 21).Sum(n => Coefficient(kernel, n) * Math.Pow(t, n));

    /// <summary>
    /// Var of <c>Σ_j s_j φ(x)·φ(y_j)</c> over draws with R random features, exactly:
    /// <c>(Σ_N a_N² Σ_jl s_j s_l c_jlᴺ / P[N] − (Σ_j s_j Σ_N a_N (x·y_j)ᴺ)²)/R</c> with N from the lowest degree drawn and
    /// <c>c_jl = E[(w·x)² (w·y_j)(w·y_l)] = ‖x‖² y_j·y_l + 2 (x·y_j)(x·y_l) − 2 Σ_m x_m² y_jm y_lm</c>.
    /// </summary>
    public static double Variance(SchoenbatKernel kernel, int first, int randomFeatures, double[] x, double[][] y, double[] s)
    {
        double second = 0, mean = 0;
        for (int n = first; n <= 20; n++)
        {
            double a = Coefficient(kernel, n);
            for (int j = 0; j < y.Length; j++)
            {
                mean += s[j] * a * Math.Pow(Dot(x, y[j]), n);
                for (int l = 0; l < y.Length; l++)
                {
                    double c = (Dot(x, x) * Dot(y[j], y[l])) + (2 * Dot(x, y[j]) * Dot(x, y[l])) - (2 * x.Select((value, m) => value * value * y[j][m] * y[l][m]).Sum());
                    second += a * a * s[j] * s[l] * Math.Pow(c, n) / Probability(first, n);
                }
            }
        }

        return (second - (mean * mean)) / randomFeatures;
    }

    public static double Dot(double[] x, double[] y) => x.Zip(y, (a, b) => a * b).Sum();

    private static double Factorial(int n) => Enumerable.Range(1, n).Aggregate(1.0, (product, k) => product * k);
}
