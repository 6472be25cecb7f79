using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary>Reads what several functions take: sizes, relative positions, and which keys take part.</summary>
internal static unsafe class AttentionArguments
{
    public static AttentionShape Shape(NativeAttentionShape* shape)
    {
        Arguments.NotNull(shape, "shape");
        Arguments.StructSize(shape->StructSize, sizeof(NativeAttentionShape), "shape");
        return new AttentionShape(
            Arguments.Size(shape->Heads, "heads"),
            Arguments.Size(shape->QueryLength, "query_length"),
            Arguments.Size(shape->HeadDimension, "head_dimension"))
        {
            Batch = Arguments.Size(shape->Batch, "batch"),
            KeyHeads = Arguments.Size(shape->KeyHeads, "key_heads"),
            KeyLength = Arguments.Size(shape->KeyLength, "key_length"),
            ValueDimension = Arguments.Size(shape->ValueDimension, "value_dimension"),
        };
    }

    /// <summary>The place of query 0, when it is given.</summary>
    public static int? QueryOffset(int given, long offset) =>
        Arguments.YesOrNo(given, "has_query_offset") ? Arguments.Size(offset, "query_offset") : null;

    /// <summary>The places of query 0 of all sequences, when they are given; a structure of a former size has none.</summary>
    public static int[]? QueryOffsets(bool isFormer, long* offsets, long count, int batch)
    {
        if (isFormer || (offsets is null && count == 0)) return null;
        ReadOnlySpan<long> given = Arguments.Span<long>(offsets, count, "query_offsets", mayBeEmpty: batch == 0);
        int[] places = new int[given.Length];
        for (int sequence = 0; sequence < places.Length; sequence++) places[sequence] = Arguments.Size(given[sequence], $"query_offsets[{sequence}]");
        return places;
    }

    /// <summary>Positions by a handle or by a bias; null for none.</summary>
    public static RelativePosition? Position(ulong position, NativeTensor* bias, AttentionShape sizes)
    {
        if (bias is not null && position != 0)
            throw new AbiException(Status.Argument, "bias is given together with options.position; expected one of them", "bias");
        if (bias is not null) return Bias(bias, sizes);
        if (position == 0) return null;
        using HandleTable<RelativePosition>.Lease lease = PositionExports.Table.Acquire(position);
        return lease.Value;
    }

    /// <summary>Which of the keys of so many sequences take part; empty for all.</summary>
    public static void Selection(NativeKeySelection* selection, int batch, int keyLength, out ReadOnlySpan<bool> keyMask, out ReadOnlySpan<int> lengths)
    {
        keyMask = default;
        lengths = default;
        if (selection is null) return;
        Arguments.StructSize(selection->StructSize, sizeof(NativeKeySelection), "selection");

        ReadOnlySpan<byte> mask = Arguments.Span<byte>(selection->KeyMask, selection->KeyMaskCount, "key_mask", mayBeEmpty: batch == 0 || keyLength == 0);
        int wrong = mask.IndexOfAnyExceptInRange((byte)0, (byte)1);
        if (wrong >= 0)
        {
            // A C# bool must be 0 or 1, and anything else is most likely a mask of another type.
            throw new ArgumentException($"key_mask[{wrong}] is {mask[wrong]}; expected 0 or 1", "key_mask");
        }

        keyMask = MemoryMarshal.Cast<byte, bool>(mask);
        lengths = Arguments.Span<int>(selection->Lengths, selection->LengthsCount, "lengths", mayBeEmpty: batch == 0);
    }

    private static RelativePosition Bias(NativeTensor* bias, AttentionShape sizes)
    {
        Tensor given = new(bias, 1, 2, "bias");
        long expected = Math.Max((long)sizes.QueryLength + sizes.KeyLength - 1, 0);
        if (given.Extent(0) != expected || (given.Extent(1) != 1 && given.Extent(1) != sizes.Heads))
        {
            throw new ShapeException($"bias is {given.Shape}; expected [{expected}], [1, {expected}] or [{sizes.Heads}, {expected}]", "bias");
        }

        return RelativePosition.Dense(given.Gather(), sizes.QueryLength, sizes.KeyLength, given.Extent(1));
    }
}
