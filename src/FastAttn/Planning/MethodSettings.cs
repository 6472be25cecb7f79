using FastAttn.Positions;

namespace FastAttn.Planning;

/// <summary>What choosing and running a method takes, wherever features come from.</summary>
/// <param name="Shape">The sizes.</param>
/// <param name="Features">Features of a row.</param>
/// <param name="Signed">Whether features can be negative.</param>
/// <param name="Extents">The pairs that each sequence asks about; one for all where they are alike.</param>
/// <param name="Tolerance">The contract's tolerance.</param>
/// <param name="Method">The method asked for.</param>
internal sealed record MethodSettings(AttentionShape Shape, int Features, bool Signed, PositionExtent[] Extents, float Tolerance, Method Method)
{
    /// <summary>How far tails of the coefficients may be from what stands for them.</summary>
    public TailAllowance Allowance => new(Tolerance, Signed);
}
