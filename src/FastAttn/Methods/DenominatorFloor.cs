namespace FastAttn.Methods;

/// <summary>
/// Denominators below a least one become it: <c>z_i = num_i / max(den_i, floor)</c>. Sums come relative to log-scales, the floor in the units of the
/// features and coefficients themselves.
/// </summary>
/// <param name="least">The floor; 0 for none.</param>
internal readonly struct DenominatorFloor(float least)
{
    public bool IsGiven => least > 0;

    /// <summary>The denominator, or the floor where that is more, both over <c>exp(logScale)</c>.</summary>
    public double Raise(double denominator, double logScale) => IsGiven ? Math.Max(denominator, least * Math.Exp(-logScale)) : denominator;

    /// <summary>The same in place for a row of sums.</summary>
    public unsafe void Raise(in HeadProblem problem, in PartialSums sums, int row)
    {
        if (IsGiven) sums.Denominators[row] = (float)Math.Min(Raise(sums.Denominators[row], problem.QueryLogScales[row] + sums.LogScale), float.MaxValue);
    }
}
