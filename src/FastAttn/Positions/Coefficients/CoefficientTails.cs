namespace FastAttn.Positions;

/// <summary>Both tails of a head's coefficients; between their edges lies the band, where c itself counts.</summary>
/// <param name="Left">The tail towards smaller offsets t = j − i.</param>
/// <param name="Right">The tail towards larger ones.</param>
internal sealed record CoefficientTails(Tail Left, Tail Right)
{
    /// <summary>Offsets between the tails.</summary>
    public int BandLength => Right.Edge - Left.Edge - 1;

    /// <summary>‖δc‖∞ beyond what is relative.</summary>
    public double AbsoluteError => Math.Max(Left.AbsoluteError, Right.AbsoluteError);

    /// <summary>The larger relative error.</summary>
    public double RelativeError => Math.Max(Left.RelativeError, Right.RelativeError);
}
