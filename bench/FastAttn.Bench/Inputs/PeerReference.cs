namespace FastAttn.Bench.Inputs;

/// <summary>
/// What one head takes by the paper's algorithm with each library's transforms on columns in cache, d = d_v = m = 64, as measured
/// when this project was planned, on a core with two 512-bit multiply-add units at about 2.4 GHz: a yardstick that a peer is driven well.
/// </summary>
internal static class PeerReference
{
    /// <summary>The features that the figures are for.</summary>
    private const int Features = 64;

    private static readonly Dictionary<(string Library, int Length), double> Milliseconds = new()
    {
        [("MKL", 1024)] = 8.9,
        [("MKL", 2048)] = 23.1,
        [("MKL", 4096)] = 53.1,
        [("MKL", 8192)] = 141,
        [("MKL", 16384)] = 311,
        [("FFTW AVX-512", 1024)] = 13.5,
        [("FFTW AVX-512", 2048)] = 29.3,
        [("FFTW AVX-512", 4096)] = 67.6,
        [("FFTW AVX-512", 8192)] = 178,
        [("FFTW AVX-512", 16384)] = 407,
    };

    /// <summary>Below this share of its figure a peer is driven badly and the comparison void.</summary>
    public const double LeastShare = 0.85;

    /// <summary>A peer's speed in the speed of its figure; NaN where there is none.</summary>
    public static double Share(string library, int length, int features, double seconds) =>
        features == Features && Milliseconds.TryGetValue((library, length), out double reference) ? reference / (seconds * 1e3) : double.NaN;
}
