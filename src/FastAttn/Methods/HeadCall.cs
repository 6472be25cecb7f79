using FastAttn.Features;

namespace FastAttn.Methods;

/// <summary>One head's rows where the caller keeps them.</summary>
internal unsafe struct HeadCall
{
    public int Head;
    public RowSource Query;
    public RowSource Key;
    public RowSource Value;
    public RowSource Destination;

    /// <summary>One a key, true = attend; null for all.</summary>
    public bool* KeyMask;

    /// <summary>Keys kept from the front.</summary>
    public int KeptKeys;
}
