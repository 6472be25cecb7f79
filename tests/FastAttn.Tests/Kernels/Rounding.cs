namespace FastAttn.Tests.Kernels;

/// <summary>Error bounds of float32 arithmetic (Higham, Accuracy and Stability of Numerical Algorithms, §3.1).</summary>
internal static class Rounding
{
    /// <summary>Half the distance from 1 to the next float32.</summary>
    public const double Unit = 1.0 / (1 << 24);

    /// <summary>γ_n = n·u / (1 − n·u): what n roundings in a row can do, relatively.</summary>
    public static double Gamma(int roundings) => roundings * Unit / (1 - (roundings * Unit));

    /// <summary>The distance between neighbouring float32 around a value, 2⁻¹⁴⁹ for the subnormal ones.</summary>
    public static double Ulp(double value)
    {
        double magnitude = Math.Abs(value);
        return magnitude < 2.350988701644575e-38 ? Math.ScaleB(1, -149) : Math.ScaleB(1, Math.ILogB(magnitude) - 23);
    }
}
