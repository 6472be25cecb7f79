using FastAttn.Positions;

namespace FastAttn.Attention;

/// <summary>What every system checks of a problem's sizes, with the same words.</summary>
internal static class ProblemCheck
{
    /// <summary>Longest sequence: offsets and padded rows stay within 32 bits.</summary>
    private const int MaxLength = 1 << 28;

    /// <summary>The shape, when its sizes are in range and fit each other.</summary>
    public static AttentionShape Shape(AttentionShape shape, int mostColumns = RandomProjection.MaxDimension)
    {
        ArgumentCheck.InRange(shape.Batch, 0, int.MaxValue, nameof(shape.Batch));
        ArgumentCheck.AtLeastOne(shape.Heads, nameof(shape.Heads));
        ArgumentCheck.AtLeastOne(shape.KeyHeads, nameof(shape.KeyHeads));
        ArgumentCheck.InRange(shape.QueryLength, 0, MaxLength, nameof(shape.QueryLength));
        ArgumentCheck.InRange(shape.KeyLength, 0, MaxLength, nameof(shape.KeyLength));
        ArgumentCheck.InRange(shape.HeadDimension, 1, mostColumns, nameof(shape.HeadDimension));
        ArgumentCheck.InRange(shape.ValueDimension, 1, 4096, nameof(shape.ValueDimension));
        if (shape.Heads % shape.KeyHeads != 0)
            throw new ShapeException(Invariant($"KeyHeads is {shape.KeyHeads}; expected a divisor of Heads = {shape.Heads}"), nameof(shape.KeyHeads));
        if ((long)shape.Batch * shape.Heads > int.MaxValue)
            throw new ShapeException(Invariant($"Batch × Heads is {(long)shape.Batch * shape.Heads}; expected at most {int.MaxValue}"), nameof(shape.Batch));
        return shape;
    }

    /// <summary>The lengths, the position p of query 0, and the largest visible offset j − i: p when causal, else no limit within the problem.</summary>
    public static PositionExtent Extent(AttentionShape shape, bool causal, int? queryOffset)
    {
        (int queries, int keys) = (shape.QueryLength, shape.KeyLength);
        if (!causal || shape.IsEmpty) return new PositionExtent(queries, keys, queryOffset ?? 0, keys - 1);
        if (queryOffset is null && queries > keys)
            throw new ShapeException(
                Invariant($"QueryOffset is not given for {queries} causal queries and {keys} keys; expected one when there are more queries than keys"), nameof(KernelizedAttentionOptions.QueryOffset));

        // The limit is clamped to offsets that exist; one below the first means that nothing is visible.
        int offset = queryOffset ?? keys - queries;
        return new PositionExtent(queries, keys, offset, Math.Clamp(offset, -queries, keys - 1));
    }

    /// <summary>The same for every sequence: one extent for all, or one a sequence where each has its own offset.</summary>
    public static PositionExtent[] Extents(AttentionShape shape, bool causal, int? queryOffset, int[]? queryOffsets)
    {
        const string Name = nameof(KernelizedAttentionOptions.QueryOffsets);
        if (queryOffsets is null) return [Extent(shape, causal, queryOffset)];
        if (queryOffset is int both) throw new ArgumentException(Invariant($"{Name} is given beside QueryOffset = {both}; expected one of them"), Name);
        if (queryOffsets.Length != shape.Batch)
            throw new ShapeException(Invariant($"{Name} has {queryOffsets.Length} entries; expected one a sequence, {shape.Batch}"), Name);
        return shape.IsEmpty ? [Extent(shape, causal, 0)] : Array.ConvertAll(queryOffsets, offset => Extent(shape, causal, offset));
    }

    /// <summary>The contract's tolerance.</summary>
    public static float Tolerance(float tolerance)
    {
        if (!(tolerance is >= 1e-6f and <= 0.1f))
            throw new ArgumentOutOfRangeException(nameof(Tolerance), Invariant($"Tolerance is {tolerance}; expected 1e-6…0.1"));
        return tolerance;
    }
}
