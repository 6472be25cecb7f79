namespace FastAttn.Methods;

/// <summary>How far the Fourier method's sums can be off, in units that depend on the data.</summary>
internal static class FftErrorBound
{
    /// <summary>
    /// Errors are below this many 2⁻²⁴ of ‖c‖₂ · Σ_a |φ(q_i)_a| · ‖φ(k)_a [v, 1]‖₂: twice the worst, 3.02,
    /// that the benchmark program's <c>accuracy</c> scan has seen on any of three tiers, N = 64 … 65,536 (see bench/results).
    /// </summary>
    public const double Constant = 6;

    /// <summary>The constant in absolute terms.</summary>
    public const double Unit = Constant / (1 << 24);
}
