namespace FastAttn.Methods;

/// <summary>
/// What every method yields: <c>num_i = Σ_j c φ(q_i)·φ(k_j) v_j</c> and <c>den_i = Σ_j c φ(q_i)·φ(k_j)</c>, both divided by
/// <c>exp(LogScale)</c> and the row's own scale, with absolute bounds on what the method itself got wrong. Sums over disjoint ranges
/// of keys add up once they are brought to a common log-scale.
/// </summary>
internal unsafe struct PartialSums
{
    /// <summary><c>[whole tiles, NumeratorStride]</c>.</summary>
    public float* Numerators;

    public int NumeratorStride;

    /// <summary>One a query.</summary>
    public float* Denominators;

    /// <summary>Bound on ‖Δnum_i‖₂; rounding relative to den_i itself not counted.</summary>
    public float* NumeratorErrors;

    /// <summary>Bound on |Δden_i|; rounding relative to den_i itself not counted.</summary>
    public float* DenominatorErrors;

    /// <summary>
    /// Bound on the error that every term c φ(q_i)·φ(k_j) may have relative to itself, beyond rounding: coefficients that stand
    /// for others nearly equal to them.
    /// </summary>
    public float RelativeError;

    /// <summary>What <see cref="HeadProblem.KeyLogScale"/> and the largest bias took off.</summary>
    public double LogScale;
}
