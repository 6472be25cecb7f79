using System.Globalization;

namespace FastAttn.Threading;

/// <summary>How many threads a call uses.</summary>
internal static class ThreadCount
{
    /// <summary>The environment variable that overrides the default.</summary>
    public const string Variable = "FASTATTN_THREADS";

    /// <summary>More than these work no faster on any machine, and each would have scratch memory of its own.</summary>
    public const int Most = 1024;

    /// <summary><see cref="Variable"/> when it is set, else the cores this process may run on; at most <see cref="Most"/>.</summary>
    public static int Default
    {
        get
        {
            string? asked = Environment.GetEnvironmentVariable(Variable);
            if (string.IsNullOrEmpty(asked)) return Math.Min(Environment.ProcessorCount, Most);
            if (int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out int threads) && threads > 0) return Math.Min(threads, Most);
            throw new ArgumentException(Invariant($"{Variable} is '{asked}'; expected a whole number above zero"), Variable);
        }
    }

    /// <summary>What the caller asked for, checked, or the default; at most <see cref="Most"/>.</summary>
    public static int Resolve(int? threads, string parameterName)
    {
        if (threads is not int count) return Default;
        if (count < 1) throw new ArgumentOutOfRangeException(parameterName, Invariant($"threads is {count}; expected at least 1"));
        return Math.Min(count, Most);
    }
}
