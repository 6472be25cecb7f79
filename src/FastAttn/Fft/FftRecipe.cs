namespace FastAttn.Fft;

/// <summary>Which lengths there are, and which step each length takes on a machine with so many lanes.</summary>
internal static class FftRecipe
{
    /// <summary>The shortest transform.</summary>
    public const int MinimumLength = 8;

    /// <summary>The longest transform that positions and tables are made for.</summary>
    public const int MaximumLength = 1 << 26;

    /// <summary>Bytes of points that stay in the first-level cache together with roots and spectrum.</summary>
    private const int CacheBytes = 36 * 1024;

    /// <summary>Lengths that every instruction set has in-register codelets for.</summary>
    private static ReadOnlySpan<int> InRegisters => [2, 3, 4, 5, 6, 8, 10, 12, 16];

    /// <summary>The shortest supported length ≥ <paramref name="n"/>: 2^a, 3·2^a or 5·2^a. It is also the cheapest.</summary>
    public static int NextLength(int n)
    {
        if (n > MaximumLength) throw new ArgumentOutOfRangeException(nameof(n), Invariant($"length {n}; expected at most {MaximumLength}"));
        if (n <= MinimumLength) return MinimumLength;
        int best = int.MaxValue;
        foreach (int odd in (ReadOnlySpan<int>)[1, 3, 5])
        {
            // The columns take powers of two and leave the odd factor to the rows.
            int length = 4 * odd;
            while (length < n) length *= 2;
            best = Math.Min(best, length);
        }

        return best;
    }

    /// <summary>The longest supported length ≤ <paramref name="n"/>, 0 when there is none.</summary>
    public static int PreviousLength(int n)
    {
        int best = 0;
        foreach (int odd in (ReadOnlySpan<int>)[2, 3, 5])
        {
            for (int length = 4 * odd; length <= Math.Min(n, MaximumLength); length *= 2) best = Math.Max(best, length);
        }

        return best;
    }

    /// <summary>
    /// Rows of the outermost column step. Columns of sixteen cost one pass through memory where smaller ones need two; short
    /// lengths take fewer, so that the rows are codelets themselves.
    /// </summary>
    public static int OuterRadix(int length) => length switch
    {
        <= 32 => 4,
        <= 128 => 8,
        _ => 16,
    };

    /// <summary>
    /// The step for a row of this length. One column step that leaves codelets passes twice through memory; split-radix steps
    /// pass more often and multiply less. Measured on Zen 4: columns 3 to 8 % ahead up to 64 points; on Zen 5 equal there and 8 %
    /// ahead at 128 and 256; behind where one step is not enough. A row beyond the first-level cache is cut into rows that fit.
    /// </summary>
    public static (CyclicStepKind Kind, int Radix) Step(int length, int lanes)
    {
        long bytes = (long)length * 2 * lanes * sizeof(float);
        return length switch
        {
            _ when InRegisters.Contains(length) => (CyclicStepKind.Convolve, 0),
            <= 128 when length % 8 == 0 => (CyclicStepKind.Columns, 8),
            <= 64 => (CyclicStepKind.Split, 0),
            <= 256 => (CyclicStepKind.Columns, 16),
            _ when bytes <= CacheBytes => (CyclicStepKind.Split, 0),
            _ => (CyclicStepKind.Columns, 8),
        };
    }
}
