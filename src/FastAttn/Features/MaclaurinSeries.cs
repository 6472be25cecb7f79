namespace FastAttn.Features;

/// <summary>The power series of the kernels, and how often random features take each of its degrees (Guo et al. 2025; Kar and Karnick 2012).</summary>
internal static class MaclaurinSeries
{
    /// <summary>The largest degree that is drawn: features are unbiased for the series up to here.</summary>
    public const int MaxDegree = 20;

    /// <summary>a_N of a kernel.</summary>
    public static double Coefficient(SchoenbatKernel kernel, int degree)
    {
        double coefficient = 1;
        for (int n = 1; n <= degree; n++)
        {
            coefficient = kernel switch
            {
                SchoenbatKernel.Inv => 1,
                SchoenbatKernel.Log => 1.0 / n,
                SchoenbatKernel.Sqrt => n == 1 ? 0.5 : coefficient * ((2 * n) - 3) / (2 * n),
                SchoenbatKernel.Exp or SchoenbatKernel.Trigh => coefficient / n,
            };
        }

        return coefficient;
    }

    /// <summary>
    /// P[N] of the random features when <paramref name="first"/> is the lowest degree that is drawn: each degree half as often as the
    /// one before, among those up to <see cref="MaxDegree"/>.
    /// </summary>
    public static double Probability(int first, int degree) => Math.ScaleB(1, first - degree - 1) / (1 - Math.ScaleB(1, first - MaxDegree - 1));
}
