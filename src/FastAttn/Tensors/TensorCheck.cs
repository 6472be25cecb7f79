namespace FastAttn.Tensors;

/// <summary>What every operation checks of the memory it is given, with the same words.</summary>
internal static class TensorCheck
{
    /// <summary>The tensor has these extents, and every element of it an address that can be.</summary>
    public static void Extents(StridedTensor tensor, int batch, int heads, int rows, int columns, string name)
    {
        ArgumentCheck.Defined(tensor.Element, name);
        if (tensor.Data == 0 && (long)batch * heads * rows * columns != 0)
            throw new ArgumentNullException(name, Invariant($"{name} has no data; expected [{batch}, {heads}, {rows}, {columns}]"));
        if ((tensor.Batch, tensor.Heads, tensor.Rows, tensor.Columns) != (batch, heads, rows, columns))
            throw new ShapeException(
                Invariant($"{name} is [{tensor.Batch}, {tensor.Heads}, {tensor.Rows}, {tensor.Columns}]; expected [{batch}, {heads}, {rows}, {columns}]"), name);
        if (tensor.LeavesAddressSpace)
            throw new ShapeException(
                Invariant($"{name} has strides {tensor.BatchStride}, {tensor.HeadStride}, {tensor.RowStride} that leave the address space; expected every element within it"), name);
        int size = tensor.Element.Bytes();
        if (tensor.Data % size != 0)
            throw new ArgumentException(Invariant($"{name} is {Words.Of(tensor.Element)} at address {tensor.Data:x}; expected a multiple of {size}"), name);
    }

    /// <summary>No two elements of what is written share a place.</summary>
    public static void Distinct(StridedTensor destination)
    {
        if (destination.OverlapsItself) throw new ArgumentException("destination has strides that put two elements in one place; expected distinct places", nameof(destination));
    }

    /// <summary>What is written and what is read are apart.</summary>
    public static void Apart(StridedTensor destination, StridedTensor input, string name)
    {
        if (destination.Overlaps(input))
            throw new ArgumentException(Invariant($"destination shares memory with {name}; expected memory of its own"), nameof(destination));
    }
}
