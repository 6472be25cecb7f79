namespace FastAttn.Attention;

/// <summary>The tensors of one forward call, checked against the shape.</summary>
internal readonly record struct AttentionTensors(StridedTensor Query, StridedTensor Key, StridedTensor Value, StridedTensor Destination)
{
    public void Check(AttentionShape shape)
    {
        CheckExtents(Query, shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDimension, "query");
        CheckExtents(Key, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.HeadDimension, "key");
        CheckExtents(Value, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.ValueDimension, "value");
        CheckExtents(Destination, shape.Batch, shape.Heads, shape.QueryLength, shape.ValueDimension, "destination");
        if (Destination.OverlapsItself) throw new ArgumentException("destination has strides that put two elements in one place; expected distinct places", "destination");
        CheckApart(Query, "query");
        CheckApart(Key, "key");
        CheckApart(Value, "value");
    }

    private static void CheckExtents(StridedTensor tensor, int batch, int heads, int rows, int columns, string name)
    {
        if (tensor.Data == 0) throw new ArgumentNullException(name, $"{name} has no data; expected [{batch}, {heads}, {rows}, {columns}]");
        if ((tensor.Batch, tensor.Heads, tensor.Rows, tensor.Columns) != (batch, heads, rows, columns))
            throw new ShapeException($"{name} is [{tensor.Batch}, {tensor.Heads}, {tensor.Rows}, {tensor.Columns}]; expected [{batch}, {heads}, {rows}, {columns}]", name);
        if (tensor.LeavesAddressSpace)
            throw new ShapeException($"{name} has strides {tensor.BatchStride}, {tensor.HeadStride}, {tensor.RowStride} that leave the address space; expected every element within it", name);
        if (tensor.Data % sizeof(float) != 0) throw new ArgumentException($"{name} is at address {tensor.Data:x}; expected a multiple of 4", name);
    }

    private void CheckApart(StridedTensor input, string name)
    {
        if (Destination.Overlaps(input)) throw new ArgumentException($"destination shares memory with {name}; expected memory of its own", "destination");
    }
}
