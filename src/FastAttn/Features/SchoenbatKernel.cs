namespace FastAttn;

/// <summary>
/// The dot-product kernels f(t) = Σ a_N tᴺ of SchoenbAt (Guo et al. 2025): power series with a_0 = 1 and no negative coefficient.
/// Rows that preSBN scaled meet at |t| ≤ 1/√d, within the circle of convergence of each.
/// </summary>
public enum SchoenbatKernel
{
    /// <summary><c>exp(t)</c>, a_N = 1/N!. Word: <c>exp</c>.</summary>
    Exp,

    /// <summary><c>1/(1 − t)</c>, a_N = 1. Word: <c>inv</c>.</summary>
    Inv,

    /// <summary><c>1 − ln(1 − t)</c>, a_N = 1/N. Word: <c>log</c>.</summary>
    Log,

    /// <summary><c>cosh t + sinh t</c>, which is exp(t) by another name. Word: <c>trigh</c>.</summary>
    Trigh,

    /// <summary><c>2 − √(1 − t)</c>, a_N = (2N−3)!!/(2ᴺ N!). Word: <c>sqrt</c>.</summary>
    Sqrt,
}
