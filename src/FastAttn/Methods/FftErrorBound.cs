namespace FastAttn.Methods;

/// <summary>How far the Fourier method's sums can be off, in units that depend on the data.</summary>
internal static class FftErrorBound
{
    /// <summary>
    /// Errors are below this many 2⁻²⁴ of ‖c‖₂ · Σ_a |φ(q_i)_a| · ‖φ(k)_a [v, 1]‖₂: at least twice the worst that the
    /// benchmark program's accuracy scan has seen on any tier and length.
    /// </summary>
    public const double Constant = 6;

    /// <summary>The constant in absolute terms.</summary>
    public const double Unit = Constant / (1 << 24);
}
