using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using FastAttn.Cli.Commands;

namespace FastAttn.Cli;

/// <summary>The <c>fastattn</c> command: its subcommands, and the one place where failures become exit codes and single lines.</summary>
internal static class CommandLine
{
    /// <summary>The command with its subcommands. Not a <see cref="RootCommand"/>: that would be called like the assembly.</summary>
    public static Command Create() =>
        new("fastattn", "Attention with relative positions on ordinary CPUs.\n\nExit status: 0 done, 1 unusable data or files (one line says which), 2 wrong usage.")
        {
            DemoCommand.Create(),
            CompareCommand.Create(),
            RunCommand.Create(),
            InfoCommand.Create(),
            ExplainCommand.Create(),
            TuneCommand.Create(),
            new HelpOption { Action = new DetailedHelp() },
            new VersionOption(),
        };

    /// <summary>Parses and runs; every failure is one line on <paramref name="error"/>, never a stack trace.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public static int Run(string[] arguments, TextWriter output, TextWriter error)
    {
        Command root = Create();
        ParseResult parsed = root.Parse(arguments);
        Command command = parsed.CommandResult.Command;
        string name = command == root ? root.Name : $"{root.Name} {command.Name}";
        if (UsageError(parsed, root) is string fault)
        {
            error.WriteLine($"{name}: {OneLine(fault)} (see {name} --help)");
            return ExitCode.Usage;
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
        }
        catch (Exception exception)
        {
            (int exitCode, string message) = Failures.Explain(exception, parsed.CommandResult);
            error.WriteLine($"{name}: {OneLine(message)}");
            return exitCode;
        }
    }

    // An unknown word explains the other errors that follow from it, so it is told first.
    private static string? UsageError(ParseResult parsed, Command root)
    {
        if (parsed.Errors.Count == 0) return parsed.Action is DetailedHelp ? null : MissingArgument(parsed.CommandResult);
        if (parsed.UnmatchedTokens.Count == 0) return parsed.Errors[0].Message;

        string unknown = parsed.UnmatchedTokens[0];
        return parsed.CommandResult.Command == root
            ? $"unknown command '{unknown}', expected {string.Join(", ", root.Subcommands.Select(command => command.Name))}"
            : $"unknown option or argument '{unknown}'";
    }

    // An option that comes again without its argument is no error to the parser, which has one from the first time.
    private static string? MissingArgument(CommandResult command) => command.Children.OfType<OptionResult>()
        .Where(given => given.Option.Arity.MinimumNumberOfValues > 0 && given.IdentifierTokenCount > given.Tokens.Count)
        .Select(given => $"Required argument missing for option: '{given.Option.Name}'.")
        .FirstOrDefault();

    private static string OneLine(string message) =>
        string.Join(' ', message.Split((char[])['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
