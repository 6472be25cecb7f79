using System.Globalization;
using FastAttn.Cli.Demo;
using Spectre.Console;

namespace FastAttn.Cli.Compare;

/// <summary>Prints what the comparison measured.</summary>
internal static class CompareTable
{
    public static void Print(IAnsiConsole console, IReadOnlyList<CompareResult> results)
    {
        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumn("system")
            .AddColumn("budget")
            .AddColumn(new TableColumn("ms a head").RightAligned())
            .AddColumn(new TableColumn("MiB").RightAligned())
            .AddColumn(new TableColumn("from softmax:\nmedian row").RightAligned())
            .AddColumn(new TableColumn("\nworst row").RightAligned())
            .AddColumn(new TableColumn("from its exact\nform: worst row").RightAligned());
        foreach (CompareResult result in results)
        {
            table.AddRow(
                result.System.Name, result.System.Budget, Fixed(result.Seconds * 1e3 / DemoShape.Heads), Fixed(result.Bytes / (double)(1 << 20)),
                Scientific(result.FromSoftmax.Median), Scientific(result.FromSoftmax.Worst), Scientific(result.FromExact.Worst));
        }

        console.Write(table);
        double longest = results.Max(result => result.Seconds) * 1e3 / DemoShape.Heads;
        BarChart chart = new BarChart().Width(Math.Min(console.Profile.Width, 100)).Label("ms a head").WithMaxValue(longest);
        foreach (CompareResult result in results)
            chart.AddItem(result.System.Name, Math.Round(result.Seconds * 1e3 / DemoShape.Heads, 2), Color.SteelBlue);
        console.Write(chart);
    }

    private static string Fixed(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Scientific(double value) => value.ToString("0.0e+0", CultureInfo.InvariantCulture);
}
