using System.Diagnostics;

namespace FastAttn.Cli.Demo;

/// <summary>Times an action: one run to warm up, then as many as fit a budget, at least one; the median counts.</summary>
internal static class Timing
{
    /// <summary>Runs measured at most.</summary>
    public const int MostRuns = 15;

    private const double BudgetSeconds = 0.5;

    /// <summary>The median time of a run, in seconds.</summary>
    public static double MedianSeconds(Action action)
    {
        double warmUp = Seconds(action);
        double[] times = new double[(int)Math.Clamp(BudgetSeconds / warmUp, 1, MostRuns)];
        for (int run = 0; run < times.Length; run++) times[run] = Seconds(action);
        Array.Sort(times);
        return (times[times.Length / 2] + times[(times.Length - 1) / 2]) / 2;
    }

    private static double Seconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
