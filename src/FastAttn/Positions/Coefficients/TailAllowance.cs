namespace FastAttn.Positions;

/// <summary>How far a tail may be from the coefficients it stands for. What was found for one allowance is kept for it.</summary>
/// <param name="Tolerance">The contract's tolerance.</param>
/// <param name="Signed">Whether features can be negative.</param>
internal readonly record struct TailAllowance(float Tolerance, bool Signed)
{
    /// <summary>
    /// An error relative to c is one relative to each term of a row's sums. Of positive terms it reaches numerator and denominator
    /// once each, and half of the tolerance is the method's: a quarter would do, an eighth leaves room. Signed terms cancel, and a
    /// row is promised while a twentieth is left. Below the rounding of c itself nothing is asked.
    /// </summary>
    public double Relative => Math.Max(Tolerance / (Signed ? 160.0 : 8.0), 1.0 / (1 << 23));

    /// <summary>
    /// An error δ at every offset adds δ·φ(q)·Σφ(k) twice to a row whose sum is near φ(q)·φ(k) times half of ‖c‖₁ or more: with
    /// even rows δ = tolerance·‖c‖₁/(8·keys) would be the method's half of the tolerance; a quarter of it leaves room for uneven ones.
    /// What a row makes of it is for its certificate.
    /// </summary>
    public double Absolute(double coefficientSum, int offsets) => Tolerance * coefficientSum / ((Signed ? 320.0 : 16.0) * Math.Max(offsets, 1));
}
