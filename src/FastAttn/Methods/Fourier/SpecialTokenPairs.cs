using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>What special tokens leave to direct tiles beside a transform.</summary>
internal static class SpecialTokenPairs
{
    /// <summary>Pairs of query and key in those tiles: whole blocks of keys with special ones, and about as many queries with special ones.</summary>
    public static double Count(TokenLayout layout, int tokens) =>
        2.0 * tokens * (Padding.RoundUp(layout.Prefix, KernelShape.KeyTile) + Padding.RoundUp(layout.Suffix, KernelShape.KeyTile));
}
