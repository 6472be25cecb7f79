using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>When a transform may be shorter than the line, and what that leaves to direct tiles.</summary>
internal static class SurplusTokens
{
    /// <summary>Tokens that may stand beyond a transform: as many as one block of keys.</summary>
    public const int Most = KernelShape.KeyTile;

    /// <summary>Whether a transform of this length can leave the rest of the line to tiles, which begin with a whole block of keys.</summary>
    public static bool CanStayBeyond(int length, int tokens) =>
        length > 0 && tokens > length && tokens - length <= Most && length % KernelShape.KeyTile == 0;

    /// <summary>Pairs of query and key in those tiles.</summary>
    public static double Pairs(int length, int queries, int keys) =>
        ((double)queries * Padding.RoundUp(Math.Max(keys - length, 0), KernelShape.KeyTile)) + ((double)Math.Max(queries - length, 0) * Math.Min(keys, length));
}
