namespace FastAttn.Positions;

/// <summary>The pairs of positions that a problem asks about.</summary>
/// <param name="QueryCount">Queries n_q.</param>
/// <param name="KeyCount">Keys n_k.</param>
/// <param name="QueryOffset">Position p of query 0 among the keys.</param>
/// <param name="LargestOffset">Offsets j − i above it are invisible (causality).</param>
internal readonly record struct PositionExtent(int QueryCount, int KeyCount, int QueryOffset, int LargestOffset);
