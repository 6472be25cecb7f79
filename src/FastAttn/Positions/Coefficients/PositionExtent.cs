namespace FastAttn.Positions;

/// <summary>The pairs of positions that a problem asks about.</summary>
/// <param name="QueryCount">Queries n_q.</param>
/// <param name="KeyCount">Keys n_k.</param>
/// <param name="QueryOffset">Position p of query 0 among the keys.</param>
/// <param name="LargestOffset">Offsets j − i above it are invisible (causality).</param>
/// <param name="SmallestOffset">Offsets j − i below it are invisible (the same, seen from the keys).</param>
internal readonly record struct PositionExtent(int QueryCount, int KeyCount, int QueryOffset, int LargestOffset, int SmallestOffset = -int.MaxValue)
{
    /// <summary>The same pairs with queries and keys in each other's place.</summary>
    public PositionExtent Transposed => new(KeyCount, QueryCount, -QueryOffset, -SmallestOffset, -LargestOffset);

    /// <summary>The same problem by places: offsets of a grid are between the places that tokens stand on, and a grid has no order that could hide one.</summary>
    public PositionExtent Along(TokenLayout layout)
    {
        if (layout.IsLine) return this;
        if (layout.Specials > 0)
        {
            int places = layout.FirstSpecialOffset, keys = places + layout.SpecialOffsets;
            return new PositionExtent(places, keys, 0, keys - 1);
        }

        int lastPlace = layout.Place(KeyCount - 1);
        return new PositionExtent(layout.Place(QueryCount - 1) + 1, lastPlace + 1, 0, lastPlace);
    }
}
