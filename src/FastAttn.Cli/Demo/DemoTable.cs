using System.Globalization;
using Spectre.Console;

namespace FastAttn.Cli.Demo;

/// <summary>Prints what the demonstration measured.</summary>
internal static class DemoTable
{
    /// <summary>Prints the table, the planner's reasons, and whether all rows kept the tolerance.</summary>
    public static void Print(IAnsiConsole console, IReadOnlyList<DemoResult> results)
    {
        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumn(new TableColumn("n").RightAligned())
            .AddColumn("method")
            .AddColumn("chosen")
            .AddColumn(new TableColumn("ms per head").RightAligned())
            .AddColumn(new TableColumn("error").RightAligned())
            .AddColumn(new TableColumn("repaired rows").RightAligned())
            .AddColumn("speed against softmax");
        foreach (DemoResult result in results)
        {
            if (table.Rows.Count > 0) table.AddEmptyRow();
            table.AddRow($"{result.Length}", "softmax", "", Milliseconds(result.SoftmaxSeconds), "", "", "1×");
            foreach (DemoMethodResult method in result.Methods) AddMethod(table, result, method);
        }

        console.Write(table);
        foreach (DemoResult result in results) console.WriteLine($"n = {result.Length}: {Words.Of(result.Chosen)}, because {result.Reason}");
        console.WriteLine(DemoVerdict.Text(results));
    }

    private static void AddMethod(Table table, DemoResult result, DemoMethodResult method)
    {
        bool isAuto = method.Method == Method.Auto;
        long rows = (long)DemoShape.Heads * result.Length;
        string name = isAuto ? $"auto ({Words.Of(method.Report.Method)})" : Words.Of(method.Method);
        string fallback = method.Report.FallbackHeads > 0 ? $", {method.Report.FallbackHeads} heads direct" : "";
        table.AddRow(
            $"{result.Length}",
            name,
            method.Method == result.Chosen ? "yes" : "",
            Milliseconds(method.Seconds),
            method.Error.ToString("0.0e+0", CultureInfo.InvariantCulture),
            $"{method.Report.RepairedRows} of {rows}{fallback}",
            Speed(result.SoftmaxSeconds / method.Seconds));
    }

    private static string Milliseconds(double seconds) => (seconds * 1e3 / DemoShape.Heads).ToString("0.000", CultureInfo.InvariantCulture);

    // In words as well as in colour: a loss must be seen where there are no colours.
    private static string Speed(double ratio)
    {
        string text = ratio.ToString("0.00", CultureInfo.InvariantCulture) + "×";
        return Math.Round(ratio, 2) < 1 ? $"[red]{text}, slower[/]" : $"[green]{text}[/]";
    }
}
