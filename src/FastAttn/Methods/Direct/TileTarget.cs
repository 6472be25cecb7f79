namespace FastAttn.Methods;

/// <summary>Rows of queries that tiles are added to, and where their sums go.</summary>
/// <param name="sums">Numerators; the rows stand there by their numbers.</param>
/// <param name="first">The first row.</param>
/// <param name="rows">Rows, whole register tiles.</param>
/// <param name="laneSums">Denominators, a partial sum a lane, <c>[rows, lanes]</c>.</param>
internal readonly unsafe struct TileTarget(in PartialSums sums, int first, int rows, float* laneSums)
{
    public readonly PartialSums Sums = sums;

    public readonly int First = first;

    public readonly int Rows = rows;

    public readonly float* LaneSums = laneSums;
}
