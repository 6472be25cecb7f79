using FastAttn.Tensors;

namespace FastAttn.Heads;

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

    /// <summary>A head of these sizes and no rows, for measuring workspaces.</summary>
    public static HeadCall WithoutData(AttentionShape shape) => new()
    {
        Query = new RowSource(0, 0, shape.QueryLength, shape.HeadDimension),
        Key = new RowSource(0, 0, shape.KeyLength, shape.HeadDimension),
        Value = new RowSource(0, 0, shape.KeyLength, shape.ValueDimension),
        Destination = new RowSource(0, 0, shape.QueryLength, shape.ValueDimension),
    };

    public readonly bool Keeps(int key) => key < KeptKeys && (KeyMask is null || KeyMask[key]);
}
