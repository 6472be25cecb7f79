namespace FastAttn;

/// <summary>How the sums over keys are computed. Every method gives the same answer within the tolerance.</summary>
public enum Method
{
    /// <summary>The planner takes the cheapest admissible method. Word: <c>auto</c>.</summary>
    Auto,

    /// <summary>Tiled, exact to float32 rounding, O(n²(m + d_v)) time and O(n) memory. Word: <c>direct</c>.</summary>
    Direct,

    /// <summary>Toeplitz products by fast Fourier transform (Luo et al. 2021, algorithm 1), O(n log n · m · d_v), each row certified. Word: <c>fft</c>.</summary>
    Fft,

    /// <summary>No relative positions: one running state, O(n·m·d_v). Word: <c>linear</c>.</summary>
    Linear,

    /// <summary>
    /// Coefficients that are constant or negligible beyond a band of offsets: the band by tiles, the rest by running states,
    /// O(n·(band·(m + d_v) + m·d_v)). Word: <c>band</c>.
    /// </summary>
    Band,

    /// <summary>Coefficients that fall exponentially beyond a band of offsets, the same way with decaying states. Word: <c>decay</c>.</summary>
    Decay,

    /// <summary>
    /// Coefficients that are smooth away from a centre: fast multipole method, interpolating with a rank that keeps the
    /// tolerance, O(n·rank·m·d_v). Word: <c>multipole</c>.
    /// </summary>
    Multipole,
}
