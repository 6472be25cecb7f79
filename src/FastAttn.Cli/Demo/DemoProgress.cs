using Spectre.Console;

namespace FastAttn.Cli.Demo;

/// <summary>Shows how far the demonstration is: a bar on a terminal, a line per length elsewhere.</summary>
internal static class DemoProgress
{
    /// <summary>Runs the work and shows what it reports: a length, a step of it and the share of that length's steps already done.</summary>
    public static void Show(TextWriter writer, int[] lengths, Action<Action<int, string, double>> work)
    {
        if (Terminal.IsTerminal(writer)) ShowBar(Terminal.Create(writer), lengths, work);
        else ShowLines(writer, work);
    }

    /// <summary>A bar with the length and step in work before it.</summary>
    internal static void ShowBar(IAnsiConsole console, int[] lengths, Action<Action<int, string, double>> work) =>
        console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask("embedding", maxValue: lengths.Sum(Weight));
                work((length, step, share) =>
                {
                    task.Description = $"n = {length}, {step}";
                    task.Value = lengths.TakeWhile(earlier => earlier < length).Sum(Weight) + share * Weight(length);
                });
                task.Value = task.MaxValue;
            });

    private static void ShowLines(TextWriter writer, Action<Action<int, string, double>> work)
    {
        int shown = 0;
        work((length, _, _) =>
        {
            if (length != shown) writer.WriteLine($"n = {length} …");
            shown = length;
        });
    }

    // Most of the time goes into computations that are quadratic in the length.
    private static double Weight(int length) => (double)length * length;
}
