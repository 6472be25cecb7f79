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
        if (parseResult.CommandResult.Command.Name == DemoCommand.Name)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(DemoCommand.Details);
        }

        return exitCode;
    }
}
