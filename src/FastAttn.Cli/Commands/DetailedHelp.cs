using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace FastAttn.Cli.Commands;

/// <summary>The usual help, and after it what a command's one-line description has no room for.</summary>
internal sealed class DetailedHelp : SynchronousCommandLineAction
{
    private readonly HelpAction _usual = new();

    /// <summary>Help is asked for when other arguments are wrong or missing: they are not errors then.</summary>
    public override bool ClearsParseErrors => _usual.ClearsParseErrors;

    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = _usual.Invoke(parseResult);
        if (Details(parseResult.CommandResult.Command.Name) is string details) parseResult.InvocationConfiguration.Output.WriteLine(details);
        return exitCode;
    }

    private static string? Details(string command) => command switch
    {
        DemoCommand.Name => DemoCommand.Details,
        CompareCommand.Name => CompareCommand.Details,
        _ => null,
    };
}
