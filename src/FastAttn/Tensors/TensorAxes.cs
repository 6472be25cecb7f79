namespace FastAttn.Tensors;

/// <summary>Reads extents and strides of a tensor of rank 2, 3 or 4 as batch, head, row and column.</summary>
internal static unsafe class TensorAxes
{
    public static StridedTensor Describe(void* data, ElementType element, ReadOnlySpan<nint> lengths, ReadOnlySpan<nint> strides, string name)
    {
        int rank = lengths.Length;
        if (rank is < 2 or > 4) throw new ShapeException(Invariant($"{name} has rank {rank}; expected 2, 3 or 4 axes, [batch, heads, rows, columns]"), name);
        foreach (nint length in lengths)
        {
            if (length > int.MaxValue) throw new ShapeException(Invariant($"{name} has an axis of {length}; expected at most {int.MaxValue}"), name);
        }

        if (lengths[^1] > 1 && strides[^1] != 1)
            throw new ShapeException(Invariant($"{name} has a last stride of {strides[^1]}; expected 1"), name);
        return new StridedTensor(
            (nint)data,
            rank == 4 ? (int)lengths[0] : 1, rank >= 3 ? (int)lengths[^3] : 1, (int)lengths[^2], (int)lengths[^1],
            rank == 4 ? strides[0] : 0, rank >= 3 ? strides[^3] : 0, strides[^2])
        {
            Element = element,
        };
    }
}
