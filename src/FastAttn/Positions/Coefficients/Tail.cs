namespace FastAttn.Positions;

/// <summary>
/// What the coefficients do on one side, from an edge to the end of the offsets: nothing, a constant, or exponentials of the
/// distance from the edge. <c>|c_t − Σ terms| ≤ RelativeError · c_t + AbsoluteError</c> for every offset of the tail.
/// </summary>
/// <param name="Edge">The tail's offset that is nearest to the band.</param>
/// <param name="Length">Offsets in the tail.</param>
/// <param name="Terms">The exponentials; none for a tail taken as zero.</param>
/// <param name="RelativeError">See above.</param>
/// <param name="AbsoluteError">See above; in units of the head's largest coefficient.</param>
internal sealed record Tail(int Edge, int Length, TailTerm[] Terms, double RelativeError, double AbsoluteError)
{
    public bool IsZero => Terms.Length == 0;

    public bool IsConstant => Terms.Length == 1 && Terms[0].Ratio == 1;

    /// <summary>The word for it.</summary>
    public string Kind => IsZero ? AbsoluteError == 0 ? "zero" : "almost zero" : IsConstant ? "constant" : "exponential";
}
