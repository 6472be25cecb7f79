using System.CommandLine;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>One measurement as a command: runs it pinned, prints its table, and files it under the machine's name when asked to.</summary>
internal static class MeasurementCommand
{
    /// <summary>Tells scripts where results of this machine and tier are kept.</summary>
    public static Command CreateFolder()
    {
        var command = new Command("folder", "Prints the name of this machine's folder below the results.");
        command.SetAction(_ => Console.WriteLine(Machine.FolderName));
        return command;
    }

    public static Command Create(string name, string description, IMeasurement measurement)
    {
        var seconds = new Option<double>("--seconds") { Description = "Time spent on one row of the table.", DefaultValueFactory = _ => 1 };
        var results = new Option<DirectoryInfo?>("--results") { Description = "Folder in which a folder of this machine gets the table as Markdown and CSV." };
        var peers = new Option<FileInfo[]>("--peers") { Description = "Libraries with other implementations (see bench/peers), measured in the same rounds.", DefaultValueFactory = _ => [] };
        var quick = new Option<bool>("--quick") { Description = "Fewer rows, to try the command." };
        var seed = new Option<int>("--seed") { Description = "What random problems are drawn from.", DefaultValueFactory = _ => 1 };
        var command = new Command(name, description) { seconds, results, peers, quick, seed };
        command.SetAction(parsed =>
        {
            if (measurement.IsPinned) Machine.PinToOneCore();
            var settings = new MeasurementSettings(
                TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(quick), [.. parsed.GetValue(peers)!.Select(file => file.FullName)],
                parsed.GetValue(seed));
            Table table = measurement.Run(settings);
            string text = table.ToMarkdown(name);
            Console.Write(text);
            if (parsed.GetValue(results) is { } folder) table.Save(Path.Combine(folder.FullName, Machine.FolderName), name, text);
        });
        return command;
    }
}
