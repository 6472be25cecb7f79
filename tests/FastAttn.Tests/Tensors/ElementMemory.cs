using FastAttn.Tests.Kernels;

namespace FastAttn.Tests.Tensors;

/// <summary>
/// A tensor <c>[B, H, n, columns]</c> of any element type that stands as <c>[B, n, H, columns]</c> with gaps between rows, right before a page that may
/// not be touched. The gaps hold NaN.
/// </summary>
internal sealed unsafe class ElementMemory : IDisposable
{
    private const int Gap = 3;

    private readonly GuardedFloats _memory;
    private readonly int _count;

    /// <param name="element">The type.</param>
    /// <param name="batch">B.</param>
    /// <param name="heads">H.</param>
    /// <param name="values">The numbers, dense; where the type cannot hold them they are rounded.</param>
    /// <param name="columns">Columns.</param>
    public ElementMemory(ElementType element, int batch, int heads, float[] values, int columns)
    {
        int rows = values.Length / columns / heads / batch, row = heads * (columns + Gap), size = element == ElementType.Float32 ? 4 : 2;
        _count = (batch * rows * row) - Gap;
        _memory = new GuardedFloats(((_count * size) + 3) / 4);
        nint start = (nint)(_memory.Pointer + _memory.Count) - (_count * size);
        Tensor = new StridedTensor(start, batch, heads, rows, columns, rows * row, columns + Gap, row) { Element = element };
        for (int index = 0; index < _count; index++) Put(index, float.NaN);
        int next = 0;
        foreach (int place in Places()) Put(place, values[next++]);
    }

    public StridedTensor Tensor { get; }

    /// <summary>The numbers, dense.</summary>
    public float[] Values() => [.. Places().Select(place => ByHand.Value(Tensor.Element, Bits(place)))];

    /// <summary>Whether nothing was written between the rows.</summary>
    public bool GapsAreUntouched() =>
        Enumerable.Range(0, _count).Except(Places()).All(place => float.IsNaN(ByHand.Value(Tensor.Element, Bits(place))));

    public void Dispose() => _memory.Dispose();

    private IEnumerable<int> Places()
    {
        for (int b = 0; b < Tensor.Batch; b++)
        {
            for (int h = 0; h < Tensor.Heads; h++)
            {
                for (int r = 0; r < Tensor.Rows; r++)
                {
                    for (int c = 0; c < Tensor.Columns; c++) yield return (int)((b * Tensor.BatchStride) + (h * Tensor.HeadStride) + (r * Tensor.RowStride) + c);
                }
            }
        }
    }

    private uint Bits(int place) => Tensor.Element == ElementType.Float32 ? ((uint*)Tensor.Data)[place] : ((ushort*)Tensor.Data)[place];

    private void Put(int place, float value)
    {
        uint bits = ByHand.Bits(Tensor.Element, value);
        if (Tensor.Element == ElementType.Float32) ((uint*)Tensor.Data)[place] = bits;
        else ((ushort*)Tensor.Data)[place] = (ushort)bits;
    }
}
