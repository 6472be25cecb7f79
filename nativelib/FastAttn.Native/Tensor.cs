namespace FastAttn.Native;

/// <summary>A checked <c>fa_tensor</c>: axes counted from the last, absent leading axes have extent 1.</summary>
internal unsafe readonly ref struct Tensor
{
    /// <summary>Numbers copied between two questions whether to go on.</summary>
    private const int Piece = 1 << 20;

    private readonly NativeTensor* _tensor;
    private readonly string _name;

    public Tensor(NativeTensor* tensor, int minimumDimensions, int maximumDimensions, string name)
    {
        Arguments.NotNull(tensor, name);
        if (tensor->Ndim < minimumDimensions || tensor->Ndim > maximumDimensions)
        {
            throw new ShapeException($"{name}.ndim is {tensor->Ndim}; expected {minimumDimensions} to {maximumDimensions}", name);
        }

        _tensor = tensor;
        _name = name;
        if (!Enum.IsDefined(Element))
            throw new AbiException(Status.Argument, $"{name}.element_type is {tensor->ElementType}; expected FA_FLOAT32 (0), FA_FLOAT16 (1) or FA_BFLOAT16 (2)", name);
        int size = Element == ElementType.Float32 ? sizeof(float) : sizeof(ushort);
        if ((nint)tensor->Data % size != 0) throw new AbiException(Status.Argument, $"{name}.data is not {size}-byte aligned; expected an address divisible by {size}", name);

        Int128 reach = 0;
        for (int axis = 0; axis < tensor->Ndim; axis++)
        {
            long extent = tensor->Shape[axis];
            if (extent is < 0 or > int.MaxValue)
            {
                throw new ShapeException($"{name}.shape[{axis}] is {extent}; expected 0 to {int.MaxValue}", name);
            }

            reach += Int128.Abs(tensor->Strides[axis]) * Math.Max(extent - 1, 0);
        }

        if (Count > 0) Arguments.NotNull(tensor->Data, $"{name}.data");

        // Half the address space in bytes: beyond it, the library's address arithmetic could wrap around.
        if (reach > long.MaxValue / (2 * sizeof(float))) throw new ShapeException($"{name}.strides reach past the address space; expected strides of memory that exists", name);
    }

    public int Dimensions => _tensor->Ndim;

    public ElementType Element => (ElementType)_tensor->ElementType;

    private float* Data => _tensor->Data;

    /// <summary>The extent of an axis, 0 being the last.</summary>
    public int Extent(int fromLast) => fromLast < Dimensions ? (int)_tensor->Shape[Dimensions - 1 - fromLast] : 1;

    public long Count => (long)Extent(0) * Extent(1) * Extent(2) * Extent(3);

    /// <summary>"[2, 8, 1024, 64]", for messages.</summary>
    public string Shape => $"[{string.Join(", ", new ReadOnlySpan<long>(_tensor->Shape, Dimensions).ToArray())}]";

    /// <summary>The stride of an axis, 0 being the last. An axis of extent 1 gets the stride it would have without gaps: what the caller
    /// wrote there has no meaning.</summary>
    public long Stride(int fromLast)
    {
        if (Extent(fromLast) > 1) return _tensor->Strides[Dimensions - 1 - fromLast];
        return fromLast == 0 ? 1 : Math.Abs(Stride(fromLast - 1)) * Extent(fromLast - 1);
    }

    public StridedTensor Strided()
    {
        if (Stride(0) != 1 && Count > 0) throw new ShapeException($"{_name} has last stride {Stride(0)}; expected 1", _name);
        return new StridedTensor((nint)Data, Extent(3), Extent(2), Extent(1), Extent(0), Stride(3), Stride(2), Stride(1)) { Element = Element };
    }

    /// <summary>Row-major memory without gaps.</summary>
    public StridedTensor Dense()
    {
        long expected = 1;
        for (int axis = 0; axis < Dimensions; axis++)
        {
            if (Count > 0 && Stride(axis) != expected && Extent(axis) > 1)
            {
                throw new ShapeException($"{_name}.strides[{Dimensions - 1 - axis}] is {Stride(axis)}; expected {expected}: row-major without gaps", _name);
            }

            expected *= Extent(axis);
        }

        return Strided();
    }

    /// <summary>Row-major float32 without gaps, as a span.</summary>
    public Span<float> Span()
    {
        RequireFloat32();
        _ = Dense();
        return new Span<float>(Data, SpanLength());
    }

    /// <summary>A row-major copy of float32, whatever the strides. May end early, since arrays may be large.</summary>
    public float[] Gather()
    {
        RequireFloat32();
        float[] copy = new float[SpanLength()];
        Span<float> rest = copy;
        for (int a = 0; a < Extent(3); a++)
        {
            for (int b = 0; b < Extent(2); b++)
            {
                for (int c = 0; c < Extent(1); c++)
                {
                    GatherRow(Data + a * Stride(3) + b * Stride(2) + c * Stride(1), rest[..Extent(0)]);
                    rest = rest[Extent(0)..];
                }
            }
        }

        return copy;
    }

    private void GatherRow(float* row, Span<float> copy)
    {
        long stride = Stride(0);
        for (int start = 0; start < copy.Length; start += Piece)
        {
            CallerInterrupt.Look();
            Span<float> piece = copy.Slice(start, Math.Min(Piece, copy.Length - start));
            float* first = row + (start * stride);
            if (stride == 1) new ReadOnlySpan<float>(first, piece.Length).CopyTo(piece);
            else for (int index = 0; index < piece.Length; index++) piece[index] = first[index * stride];
        }
    }

    private void RequireFloat32()
    {
        if (Element != ElementType.Float32) throw new AbiException(Status.Argument, $"{_name}.element_type is {_tensor->ElementType}; expected FA_FLOAT32 (0)", _name);
    }

    private int SpanLength() =>
        Count <= Array.MaxLength ? (int)Count : throw new ShapeException($"{_name} {Shape} holds {Count} elements; expected at most {Array.MaxLength}", _name);
}
