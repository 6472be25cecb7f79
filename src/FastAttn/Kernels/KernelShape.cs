namespace FastAttn.Kernels;

/// <summary>Block sizes that every instruction set shares, because data is packed by them.</summary>
internal static class KernelShape
{
    /// <summary>Keys in one packed block of the direct method.</summary>
    public const int KeyTile = 64;

    /// <summary>Half a block: what is visited where the other half has no weight.</summary>
    public const int HalfTile = KeyTile / 2;
}
