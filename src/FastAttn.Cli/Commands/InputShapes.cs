using FastAttn.Cli.Npy;

namespace FastAttn.Cli.Commands;

/// <summary>
/// What the shapes of <c>run</c>'s files mean, and how they must fit each other. Checked here and not only in the library, because only here
/// the files have names and axes; ranges of the sizes themselves are the library's.
/// </summary>
internal static class InputShapes
{
    /// <summary>The sizes that query, key and value agree on.</summary>
    public static AttentionShape Attention(NpyInput<float> query, NpyInput<float> key, NpyInput<float> value)
    {
        (int batch, int heads, int queryLength, int headDimension) = Axes(query);
        (int keyBatch, int keyHeads, int keyLength, int keyDimension) = Axes(key);
        (int valueBatch, int valueHeads, int valueLength, int valueDimension) = Axes(value);

        if (keyBatch != batch) throw key.WrongShape($"{batch} sequences as in {query.Name}");
        if (heads % keyHeads != 0) throw key.WrongShape($"a number of heads that divides the {heads} of {query.Name}");
        if (keyDimension != headDimension) throw key.WrongShape($"{headDimension} columns as in {query.Name}");
        if (valueBatch != batch) throw value.WrongShape($"{batch} sequences as in {query.Name}");
        if (valueHeads != keyHeads) throw value.WrongShape($"{keyHeads} heads as in {key.Name}");
        if (valueLength != keyLength) throw value.WrongShape($"{keyLength} rows as in {key.Name}");

        return new AttentionShape(heads, queryLength, headDimension)
        {
            Batch = batch,
            KeyHeads = keyHeads,
            KeyLength = keyLength,
            ValueDimension = valueDimension,
        };
    }

    /// <summary>The relative positions: [n_q+n_k−1], or one row a head, or one row for all.</summary>
    public static RelativePosition Position(NpyInput<float> bias, AttentionShape shape)
    {
        int[] extents = bias.Array.Shape;
        long offsets = Math.Max((long)shape.QueryLength + shape.KeyLength - 1, 0);
        int heads = extents.Length == 2 ? extents[0] : 1;
        bool fits = extents.Length is 1 or 2 && extents[^1] == offsets && (heads == 1 || heads == shape.Heads);
        return fits
            ? RelativePosition.Dense(bias.Array.Values, shape.QueryLength, shape.KeyLength, heads)
            : throw bias.WrongShape($"[{offsets}], [1,{offsets}] or [{shape.Heads},{offsets}]");
    }

    /// <summary>The projection: [m,d] for all heads or [H,m,d].</summary>
    public static RandomProjection Projection(NpyInput<float> projection, AttentionShape shape)
    {
        int[] extents = projection.Array.Shape;
        int heads = extents.Length == 3 ? extents[0] : 1;
        bool fits = extents.Length is 2 or 3 && extents[^1] == shape.HeadDimension && extents[^2] > 0 && (heads == 1 || heads == shape.Heads);
        return fits
            ? RandomProjection.FromValues(projection.Array.Values, extents[^2], extents[^1], heads)
            : throw projection.WrongShape($"[m,{shape.HeadDimension}] or [{shape.Heads},m,{shape.HeadDimension}]");
    }

    /// <summary>The key mask: [n_k] for all sequences or [B,n_k], with any axes of length 1 between the two.</summary>
    public static bool[] KeyMask(NpyInput<bool> mask, AttentionShape shape)
    {
        int[] extents = mask.Array.Shape;
        bool fits = extents.Length is >= 1 and <= 4 && extents[^1] == shape.KeyLength;
        for (int axis = 0; axis < extents.Length - 1 && fits; axis++) fits = extents[axis] == 1 || (axis == 0 && extents[axis] == shape.Batch);
        return fits ? mask.Array.Values : throw mask.WrongShape($"[{shape.KeyLength}] or [{shape.Batch},{shape.KeyLength}], perhaps with axes of length 1 before the last");
    }

    /// <summary>The sizes of values alone, as if query and key had one column.</summary>
    public static AttentionShape Values(NpyInput<float> value)
    {
        (int batch, int heads, int rows, int columns) = Axes(value);
        return new AttentionShape(heads, rows, 1) { Batch = batch, ValueDimension = columns };
    }

    /// <summary>FastRPB adds to an attention with as many keys as queries, and with its own number of heads.</summary>
    public static void CheckFastRpb(FastRpb rpb, NpyInput<float> value, AttentionShape shape)
    {
        if (shape.QueryLength != shape.KeyLength) throw value.WrongShape($"{shape.QueryLength} rows, as many as there are queries, with --fast-rpb");
        if (rpb.Heads != 1 && rpb.Heads != shape.Heads)
            throw new InputException($"--fast-rpb has weights for {rpb.Heads} heads, expected 1 or {shape.Heads}");
    }

    /// <summary>The sizes with the heads that the weights have, when they have more than one.</summary>
    public static AttentionShape WithHeadsOf(FastRpb rpb, NpyInput<float> value, AttentionShape shape)
    {
        if (rpb.Heads == 1) return shape;
        if (rpb.Heads % shape.KeyHeads != 0 || (rpb.Heads > 1 && value.Array.Shape.Length == 2))
            throw value.WrongShape($"axes [H,n,d] or [B,H,n,d], heads that divide the {rpb.Heads} of --fast-rpb");
        return shape with { Heads = rpb.Heads };
    }

    /// <summary>An array for what is made of values alone, with as many axes.</summary>
    public static NpyArray<float> ResultOfValues(NpyInput<float> value, AttentionShape shape)
    {
        int[] extents = [.. value.Array.Shape];
        if (extents.Length > 2) extents[^3] = shape.Heads;
        return new NpyArray<float>(extents, new float[(long)shape.Batch * shape.Heads * shape.QueryLength * shape.ValueDimension]);
    }

    /// <summary>An array for the result, with as many axes as the query.</summary>
    public static NpyArray<float> Result(NpyInput<float> query, AttentionShape shape)
    {
        int[] extents = [.. query.Array.Shape[..^1], shape.ValueDimension];
        long count = (long)shape.Batch * shape.Heads * shape.QueryLength * shape.ValueDimension;
        return new NpyArray<float>(extents, new float[count]);
    }

    /// <summary>The axes, of which batch and rows may be empty.</summary>
    private static (int Batch, int Heads, int Rows, int Columns) Axes(NpyInput<float> input) => input.Array.Shape switch
    {
        [.., 0] or [0, _, _] or [_, 0, _, _] => throw input.WrongShape("at least one head and one column"),
        [int rows, int columns] => (1, 1, rows, columns),
        [int heads, int rows, int columns] => (1, heads, rows, columns),
        [int batch, int heads, int rows, int columns] => (batch, heads, rows, columns),
        _ => throw input.WrongShape("[n,d], [H,n,d] or [B,H,n,d]"),
    };
}
