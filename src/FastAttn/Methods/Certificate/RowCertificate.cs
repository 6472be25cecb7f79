namespace FastAttn.Methods;

/// <summary>Whether a row of partial sums is sure to keep the contract ‖Δz_i‖₂ ≤ tolerance · max ‖v_j‖₂ over the keys it sees.</summary>
/// <param name="tolerance">The contract's tolerance.</param>
/// <param name="signed">Whether features, and so denominators, can be negative.</param>
/// <param name="rounding">What the rounding of sums may put every row off by, in the units of the tolerance: <see cref="AttentionMethod.Rounding"/>.</param>
internal readonly struct RowCertificate(float tolerance, bool signed, double rounding)
{
    /// <summary>Beyond this share of uncertified rows one direct run is cheaper than repairs.</summary>
    public const double FallbackShare = 0.1;

    private readonly float _allowed = (float)Math.Min(AttentionMethod.ToleranceShare * tolerance, tolerance - rounding);

    /// <summary>Values this much quieter than the head's loudest lose digits to underflow when they share its factor.</summary>
    private const float QuietestNorm = 8.673617e-19f;

    /// <summary>
    /// ‖Δz‖ ≤ (‖Δnum‖ + ‖z‖·|Δden|) / (|den| − |Δden|), and ‖z‖ is at most the largest visible ‖v‖ (signed maps: near it).
    /// A relative error of every term adds itself times |den| to both. Written so that NaN fails.
    /// </summary>
    /// <param name="sums">The sums.</param>
    /// <param name="row">The query.</param>
    /// <param name="largestNorm">The largest visible ‖v‖, times the values' factor.</param>
    public unsafe bool Holds(in PartialSums sums, int row, float largestNorm)
    {
        if (largestNorm < QuietestNorm) return false;
        float denominator = Math.Abs(sums.Denominators[row]), relative = sums.RelativeError * denominator;
        float certain = denominator - sums.DenominatorErrors[row] - relative;
        float error = sums.NumeratorErrors[row] + (largestNorm * (sums.DenominatorErrors[row] + (2 * relative)));
        return certain > 0 && (signed || sums.Denominators[row] > 0) && error <= _allowed * largestNorm * certain;
    }
}
