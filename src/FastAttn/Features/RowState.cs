namespace FastAttn.Features;

/// <summary>What became of a row of query, key or value.</summary>
internal enum RowState : byte
{
    /// <summary>Takes part.</summary>
    Kept,

    /// <summary>Masked or beyond its sequence's length: may hold anything, contributes nothing.</summary>
    Masked,

    /// <summary>Holds NaN or infinity: contributes nothing here, and poisons what depends on it at the end.</summary>
    NonFinite,
}
