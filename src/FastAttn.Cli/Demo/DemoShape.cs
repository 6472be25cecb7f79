namespace FastAttn.Cli.Demo;

/// <summary>The sizes of the demonstration.</summary>
internal static class DemoShape
{
    public const int Heads = 8;
    public const int HeadDimension = 64;
    public const int Features = 64;
    public const int ShortestLength = 512;
    public const int LongestLength = 16384;

    /// <summary>Up to this length every row is checked; above it <see cref="CheckedRows"/> of them.</summary>
    public const int AllRowsCheckedUpTo = 4096;

    /// <summary>Rows of each head that are checked in long sequences, the first and last <see cref="CheckedEdge"/> among them.</summary>
    public const int CheckedRows = 1024;

    /// <summary>Rows at either end that are always checked: there the fewest neighbours are seen.</summary>
    public const int CheckedEdge = 32;

    /// <summary>512, 1024 … up to a limit.</summary>
    public static IEnumerable<int> Lengths(int maxLength)
    {
        for (int length = ShortestLength; length <= maxLength; length *= 2) yield return length;
    }

    /// <summary>The rows to check in a sequence: all, or both ends and evenly spread ones between.</summary>
    public static int[] RowsToCheck(int length)
    {
        if (length <= AllRowsCheckedUpTo) return [.. Enumerable.Range(0, length)];

        int between = CheckedRows - 2 * CheckedEdge;
        IEnumerable<int> spread = Enumerable.Range(0, between).Select(k => CheckedEdge + (int)((long)k * (length - 2 * CheckedEdge) / between));
        return [.. Enumerable.Range(0, CheckedEdge), .. spread, .. Enumerable.Range(length - CheckedEdge, CheckedEdge)];
    }
}
