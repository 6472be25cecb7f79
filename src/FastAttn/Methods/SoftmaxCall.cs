namespace FastAttn.Methods;

/// <summary>Sizes and pinned dense tensors of one softmax attention call, checked.</summary>
/// <remarks>Heads are numbered through the batch: batch · H + head. Groups of query heads share a head of keys and values.</remarks>
internal readonly unsafe struct SoftmaxCall(
    AttentionShape shape, float* query, float* key, float* value, float* destination, float* bias, bool biasPerHead, bool causal)
{
    public AttentionShape Shape => shape;

    public bool BiasIsPerHead => biasPerHead;

    /// <summary>Heads of queries that share one of keys and values.</summary>
    public int Sharing => shape.Heads / shape.KeyHeads;

    public float* Query(int head) => query + ((long)head * shape.QueryLength * shape.HeadDimension);

    public float* Key(int head) => key + ((long)KeyHead(head) * shape.KeyLength * shape.HeadDimension);

    public float* Value(int head) => value + ((long)KeyHead(head) * shape.KeyLength * shape.ValueDimension);

    public float* Destination(int head) => destination + ((long)head * shape.QueryLength * shape.ValueDimension);

    /// <summary>Points at the bias of (query 0, key 0) of a head, so that query i and key j read entry j − i; null for none.</summary>
    public float* Bias(int head)
    {
        if (bias is null) return null;
        long offsets = (long)shape.QueryLength + shape.KeyLength - 1;
        return bias + (biasPerHead ? head % shape.Heads * offsets : 0) + shape.QueryLength - 1;
    }

    /// <summary>How many keys, from the first on, query i may see.</summary>
    public int VisibleKeys(int i) => causal ? shape.KeyLength - shape.QueryLength + i + 1 : shape.KeyLength;

    /// <summary>The first query that may see key j, which may be negative or past the last.</summary>
    public int FirstQuery(int j) => causal ? j - (shape.KeyLength - shape.QueryLength) : 0;

    private int KeyHead(int head) => head / Sharing;
}
