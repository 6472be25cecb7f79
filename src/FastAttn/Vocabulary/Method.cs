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
    /// For coefficients that are constant, or so small that they do not count, on both sides of a band of offsets. The band goes by tiles, the rest by running
    /// sums over keys. O(n·(band·(m + d_v) + m·d_v)). Word: <c>band</c>.
    /// </summary>
    Band,

    /// <summary>The same for coefficients that fall exponentially on both sides of a band, with running sums that decay. Word: <c>decay</c>.</summary>
    Decay,

    /// <summary>
    /// For coefficients that are smooth away from a centre: a fast multipole method. It interpolates between so few tokens of a box (the rank) as keep the
    /// tolerance. O(n·rank·m·d_v). Word: <c>multipole</c>.
    /// </summary>
    Multipole,
}
