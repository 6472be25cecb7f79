namespace FastAttn.Planning;

/// <summary>
/// What a tier's kernels cost, measured once and shipped. It decides which method runs, never whether the answer is right.
/// </summary>
/// <param name="DirectGflops">Multiply-adds per nanosecond, times two, of the direct tiles.</param>
/// <param name="LinearGflops">The same of the state products.</param>
/// <param name="FftNanoseconds">
/// Nanoseconds per point for two features and one vector of value columns, both halves, at lengths 2^6, 2^7 … ; the last holds beyond.
/// </param>
internal sealed record CostTable(double DirectGflops, double LinearGflops, IReadOnlyList<double> FftNanoseconds)
{
    private const int FirstLog2 = 6;

    /// <summary>The shipped table of a tier; `bench` prints the figures.</summary>
    public static CostTable Of(InstructionTier tier) => tier switch
    {
        InstructionTier.Avx512 => new(190, 150, [16, 16, 17, 18, 20.5, 23, 27, 36, 39, 60, 80]),
        InstructionTier.Avx2 => new(95, 75, [16, 16, 17, 18, 20.5, 23, 27, 36, 39, 60, 80]),
        InstructionTier.Neon => new(30, 25, [24, 25, 26, 28, 31, 35, 41, 54, 59, 90, 120]),
        _ => new(22, 18, [24, 25, 26, 28, 31, 35, 41, 54, 59, 90, 120]),
    };

    /// <summary>Nanoseconds per point at any length, between the measured ones linear in the logarithm.</summary>
    public double FftNanosecondsPerPoint(int length)
    {
        double position = Math.Clamp(Math.Log2(length) - FirstLog2, 0, FftNanoseconds.Count - 1);
        int below = Math.Min((int)position, FftNanoseconds.Count - 2);
        return FftNanoseconds[below] + ((position - below) * (FftNanoseconds[below + 1] - FftNanoseconds[below]));
    }
}
