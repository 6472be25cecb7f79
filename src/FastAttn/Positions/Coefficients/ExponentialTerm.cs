namespace FastAttn.Positions;

/// <summary>One term <c>exp(LogWeight − Rate·|t|)</c> of a sum of exponentials.</summary>
internal readonly record struct ExponentialTerm(double LogWeight, double Rate)
{
    /// <summary>The term at a distance |t|.</summary>
    public double At(double distance) => Math.Exp(LogWeight - (Rate * distance));
}
