using FastAttn.Positions;

namespace FastAttn.Scores;

/// <summary>One head's biases by offset between places, in units of one binary logarithm and relative to its largest.</summary>
/// <param name="AtZero">Points at offset zero; tiles may read a margin beyond both ends.</param>
/// <param name="IsAbsent">Whether there are none and every pair is visible: then AtZero points at zeros, the same for every row and key.</param>
/// <param name="Layout">Where tokens stand.</param>
/// <param name="FirstVisible">The smallest offset at which a key is visible.</param>
/// <param name="LastVisible">The largest; below FirstVisible when there is none.</param>
/// <param name="Largest">What was taken off, in the same units.</param>
/// <param name="Exact">The same biases in float64, nothing taken off.</param>
internal readonly unsafe record struct HeadBias(
    nint AtZero, bool IsAbsent, TokenLayout Layout, int FirstVisible, int LastVisible, double Largest, ExactBias Exact)
{
    /// <summary>Floats between the biases of one row and the next, on a line.</summary>
    public nint Stride => IsAbsent ? 0 : -1;

    /// <summary>The biases of a query and consecutive keys of its line, from this key on.</summary>
    public float* From(int query, int key) => (float*)AtZero + (IsAbsent ? 0 : Layout.Offset(query, key));

    /// <summary>Whether a bias or causality leaves the pair; a key that is masked is another matter.</summary>
    public bool Sees(int query, int key) => !float.IsNegativeInfinity(*From(query, key));
}
