namespace FastAttn.Methods;

/// <summary>Rows in pieces that a crew shares, the same whatever its size.</summary>
internal static class RowRanges
{
    /// <summary>Rows of a range; the last one may have fewer.</summary>
    public const int RowsPerRange = 64;

    /// <summary>Ranges of so many rows.</summary>
    public static int Count(int rows) => (rows + RowsPerRange - 1) / RowsPerRange;

    /// <summary>The first row of a range and the one after its last.</summary>
    public static (int First, int End) Of(int range, int rows) => (range * RowsPerRange, Math.Min((range + 1) * RowsPerRange, rows));
}
