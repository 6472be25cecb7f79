using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace FastAttn.Cli.Commands;

/// <summary>The usual help, and after it what a command's one-line description has no room for. Commands with many options have them in groups.</summary>
internal sealed class DetailedHelp : SynchronousCommandLineAction
{
    private const int WidthWithoutTerminal = 120;

    // Some terminals say that they have no columns.
    private const int NarrowestTerminal = 60;

    private readonly HelpAction _usual = new();

    /// <summary>Help is asked for when other arguments are wrong or missing: they are not errors then.</summary>
    public override bool ClearsParseErrors => _usual.ClearsParseErrors;

    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        if (parseResult.CommandResult.Command is GroupedCommand grouped)
        {
            GroupedHelp.Write(output, grouped, $"fastattn {grouped.Name}", Terminal.IsTerminal(output) ? Math.Max(Console.WindowWidth, NarrowestTerminal) : WidthWithoutTerminal);
            return ExitCode.Success;
        }

        int exitCode = _usual.Invoke(parseResult);
        if (Details(parseResult.CommandResult.Command.Name) is string details) output.WriteLine(details);
        return exitCode;
    }

    private static string? Details(string command) => command switch
    {
        DemoCommand.Name => DemoCommand.Details,
        CompareCommand.Name => CompareCommand.Details,
        _ => null,
    };
}
