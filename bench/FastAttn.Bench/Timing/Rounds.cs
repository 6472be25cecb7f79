using System.Diagnostics;

namespace FastAttn.Bench.Timing;

/// <summary>
/// Times several actions round after round, each once a round, so that whatever slows the machine slows all of them. A time is
/// a low percentile (disturbances only add); a ratio is the median of the ratios within rounds.
/// </summary>
internal sealed class Rounds
{
    private const double LowPercentile = 0.1;
    private const int FewestRounds = 3;
    private const int MostRounds = 5000;

    private readonly List<double>[] _seconds;

    private Rounds(int count) => _seconds = [.. Enumerable.Range(0, count).Select(_ => new List<double>())];

    /// <summary>Warms every action up once, then runs rounds for <paramref name="time"/>.</summary>
    public static Rounds Run(TimeSpan time, params IReadOnlyList<Action> actions) => Run(time, FewestRounds, [.. actions.Select(Timed)]);

    /// <summary>As above for actions that may take seconds each: one round is enough when it takes up the time.</summary>
    public static Rounds RunLong(TimeSpan time, params IReadOnlyList<Action> actions) => Run(time, 1, [.. actions.Select(Timed)]);

    /// <summary>The same for actions that tell their own seconds.</summary>
    public static Rounds RunTimed(TimeSpan time, params IReadOnlyList<Func<double>> actions) => Run(time, FewestRounds, actions);

    private static Rounds Run(TimeSpan time, int fewest, IReadOnlyList<Func<double>> actions)
    {
        var rounds = new Rounds(actions.Count);
        foreach (Func<double> action in actions) action();
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round < MostRounds && (round < fewest || Stopwatch.GetElapsedTime(start) < time); round++)
        {
            for (int index = 0; index < actions.Count; index++) rounds._seconds[index].Add(actions[index]());
        }

        return rounds;
    }

    /// <summary>An action with a clock around it.</summary>
    public static Func<double> Timed(Action action) => () =>
    {
        long before = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(before).TotalSeconds;
    };

    /// <summary>Seconds of an action undisturbed.</summary>
    public double Seconds(int action) => Percentile([.. _seconds[action]], LowPercentile);

    /// <summary>How many times as long <paramref name="action"/> takes as <paramref name="other"/>.</summary>
    public double Ratio(int action, int other) => Percentile([.. _seconds[action].Zip(_seconds[other], (a, b) => a / b)], 0.5);

    private static double Percentile(double[] values, double share)
    {
        Array.Sort(values);
        return values[(int)(share * (values.Length - 1))];
    }
}
