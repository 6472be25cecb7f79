namespace FastAttn.Positions;

/// <summary>
/// Coefficients that away from a centre are so smooth that between two boxes of tokens, apart by at least their size, they are
/// interpolated from few nodes of each: <c>|c_t − interpolated| ≤ RelativeError · c_t + AbsoluteError</c>.
/// </summary>
/// <param name="Center">The offset around which they need not be smooth.</param>
/// <param name="Ranks">
/// Nodes of a box at each level, from <see cref="LeafTokens"/> tokens on, doubling. What only larger boxes would meet is neglected.
/// </param>
/// <param name="RelativeError">See above.</param>
/// <param name="AbsoluteError">See above; in units of the head's largest coefficient.</param>
internal sealed record SmoothTails(int Center, int[] Ranks, double RelativeError, double AbsoluteError)
{
    /// <summary>Tokens of the smallest box.</summary>
    public const int LeafTokens = 64;

    /// <summary>Tokens by which boxes of rows may lie nearer than boxes of a regular grid, because rows come in register tiles.</summary>
    public const int Overhang = 8;

    /// <summary>The most nodes that a box may have.</summary>
    public const int MostRank = 16;
}
