namespace FastAttn.Costs;

/// <summary>Floating-point operations of what methods are made of; the figures of <see cref="CostTable"/> are these over time.</summary>
internal static class Operations
{
    /// <summary>Direct sums over some pairs of query and key.</summary>
    public static double Direct(double pairs, int features, int columns) => 2 * pairs * (features + columns + 1);

    /// <summary>A state that takes in some tokens and gives to some.</summary>
    public static double State(double tokens, int features, int columns) => 2 * tokens * features * (columns + 1);
}
