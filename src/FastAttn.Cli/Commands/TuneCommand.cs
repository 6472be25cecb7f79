using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace FastAttn.Cli.Commands;

/// <summary><c>fastattn tune</c>: measures the planner's cost table once for this machine and keeps it where every later process looks.</summary>
internal sealed class TuneCommand
{
    private readonly Option<FileInfo> _output = OptionTypes.File(
        "--output", "FILE", $"Where to keep the table. Default: the file that every later process reads, unless {MachineCosts.Variable} names another.");

    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Measure and print, keep nothing." };

    public static Command Create() => new TuneCommand().Build();

    private Command Build()
    {
        Command command = new(
            "tune",
            "Measure this machine in some seconds. Later plans take the method that is fastest here. Answers stay within the tolerance, but may differ in their last bits.")
        {
            _output, _dryRun,
        };
        command.SetAction(Run);
        return command;
    }

    private void Run(ParseResult parsed)
    {
        TextWriter output = parsed.InvocationConfiguration.Output;
        FileInfo? file = parsed.GetValue(_dryRun) ? null : Target(parsed.GetValue(_output));
        MachineCosts before = MachineCosts.Current, measured = Measure(output);
        Print(before, measured, output);
        if (file is null) return;
        measured.Save(file.FullName);
        string? read = Environment.GetEnvironmentVariable(MachineCosts.Variable);
        output.WriteLine(string.IsNullOrEmpty(read) || Path.GetFullPath(read) == file.FullName
            ? $"Kept in {file.FullName}. Plans made from now on may take other methods than before; delete the file to go back."
            : $"Kept in {file.FullName}. Plans do not read it while {MachineCosts.Variable} is '{read}'.");
    }

    private static FileInfo Target(FileInfo? asked)
    {
        string file = asked?.FullName ?? MachineCosts.DefaultFile;
        if (file.Length == 0) throw new UsageException("there is no folder for a user's data here, expected --output FILE");

        // Told before seconds of measuring. Folders that are not there yet are made.
        if (Directory.Exists(Path.GetDirectoryName(file))) OutputFile.Check("--output", new FileInfo(file));
        return new FileInfo(file);
    }

    /// <summary>A bar on a terminal, nothing elsewhere: it takes seconds.</summary>
    private static MachineCosts Measure(TextWriter output)
    {
        if (!Terminal.IsTerminal(output)) return MachineCosts.Measure();
        return Terminal.Create(output).Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask("measuring", maxValue: 1);
                return MachineCosts.Measure((step, share) =>
                {
                    task.Description = step;
                    task.Value = share;
                });
            });
    }

    private static void Print(MachineCosts before, MachineCosts measured, TextWriter output)
    {
        output.WriteLine($"In use until now: {before.Source}.");
        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumn("cost")
            .AddColumn(new TableColumn("until now").RightAligned())
            .AddColumn(new TableColumn("measured").RightAligned())
            .AddColumn("unit");
        foreach ((CostFigure old, CostFigure figure) in before.Figures.Zip(measured.Figures))
            table.AddRow(figure.Name, Text(old.Value), Text(figure.Value), Markup.Escape(figure.Unit));
        Terminal.Create(output).Write(table);
    }

    private static string Text(double figure) => figure.ToString("0.0", CultureInfo.InvariantCulture);
}
