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
        if (n > MaximumLength) throw new ArgumentOutOfRangeException(nameof(n), n, $"length {n}; expected at most {MaximumLength}");
        if (n <= MinimumLength) return MinimumLength;
        int best = int.MaxValue;
        foreach (int odd in (ReadOnlySpan<int>)[1, 3, 5])
        {
            // At least 4 columns legs: the odd factor is left to the rows.
            int length = 4 * odd;
            while (length < n) length *= 2;
            best = Math.Min(best, length);
        }

        return best;
    }

    /// <summary>Rows of the outermost column step: enough of them to let a row stay in the first-level cache.</summary>
    public static int OuterRadix(int length, int lanes)
    {
        if (length <= 32) return 4;
        if (length <= 128) return 8;
        return 16;
    }

    /// <summary>The step for a row of this length.</summary>
    public static (CyclicStepKind Kind, int Radix) Step(int length, int lanes)
    {
        if (InRegisters.Contains(length) && length <= LargestInRegisters(lanes)) return (CyclicStepKind.Convolve, 0);
        long bytes = (long)length * 2 * lanes * sizeof(float);
        if (bytes <= CacheBytes) return (CyclicStepKind.Split, 0);
        return (CyclicStepKind.Columns, bytes >= 16 * CacheBytes || length % 16 == 0 ? 8 : 4);
    }

    /// <summary>Sixteen points are 32 vectors.</summary>
    private static int LargestInRegisters(int lanes) => 16;
}
