namespace FastAttn.Positions;

/// <summary>One exponential of a tail: c = <paramref name="Weight"/> · <paramref name="Ratio"/>^distance from the tail's edge.</summary>
/// <param name="Weight">The coefficient at the edge.</param>
/// <param name="Ratio">Above zero, at most one; one for a constant.</param>
internal readonly record struct TailTerm(double Weight, double Ratio);
