using FastAttn.Tensors;

namespace FastAttn.Attention;

/// <summary>The tensors of one forward call, checked against the shape.</summary>
internal readonly record struct AttentionTensors(StridedTensor Query, StridedTensor Key, StridedTensor Value, StridedTensor Destination)
{
    public void Check(AttentionShape shape)
    {
        TensorCheck.Extents(Query, shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDimension, "query");
        TensorCheck.Extents(Key, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.HeadDimension, "key");
        TensorCheck.Extents(Value, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.ValueDimension, "value");
        TensorCheck.Extents(Destination, shape.Batch, shape.Heads, shape.QueryLength, shape.ValueDimension, "destination");
        TensorCheck.Distinct(Destination);
        TensorCheck.Apart(Destination, Query, "query");
        TensorCheck.Apart(Destination, Key, "key");
        TensorCheck.Apart(Destination, Value, "value");
    }
}
