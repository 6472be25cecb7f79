using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace FastAttn.Cli;

/// <summary>Turns whatever stopped a command into an exit code and the words a user of the command line knows.</summary>
internal static partial class Failures
{
    // The library speaks of parameters, the command line of options. Names that differ by more than their spelling:
    private static readonly Dictionary<string, string> OptionOfParameter = new()
    {
        ["query"] = "--q",
        ["key"] = "--k",
        ["value"] = "--v",
        ["destination"] = "--output",
        ["values"] = "--projection",
        ["position"] = "--position",
        ["weights"] = "--fast-rpb",
        ["vertical"] = "--fast-rpb",
        ["horizontal"] = "--fast-rpb-columns",
        ["prefix"] = "--fast-rpb-prefix",
        ["suffix"] = "--fast-rpb-suffix",
        ["queryOffsets"] = "--query-offset",
        ["queryLength"] = "--length",
        ["headDimension"] = "--head-dim",
        ["valueDimension"] = "--value-dim",
    };

    // What the library's environment variables begin with.
    private const string EnvironmentPrefix = "FASTATTN_";

    /// <summary>The exit code and message of a failure.</summary>
    public static (int ExitCode, string Message) Explain(Exception exception, CommandResult command) => exception switch
    {
        InputException => (ExitCode.BadData, exception.Message),
        UsageException => (ExitCode.Usage, exception.Message),
        ArgumentException argument => ExplainArgument(argument, command),
        AggregateException aggregate => Explain(aggregate.GetBaseException(), command),
        IOException or UnauthorizedAccessException => (ExitCode.BadData, exception.Message),
        OutOfMemoryException => (ExitCode.BadData, "not enough memory for arrays of this size"),
        _ => (ExitCode.BadData, $"unexpected {exception.GetType().Name}: {exception.Message}"),
    };

    // A value the library refuses is bad data when it came in a file and wrong usage when it was typed.
    private static (int ExitCode, string Message) ExplainArgument(ArgumentException exception, CommandResult command)
    {
        string message = WithoutParameterSuffix(exception.Message);
        if (exception.ParamName is string variable && variable.StartsWith(EnvironmentPrefix, StringComparison.Ordinal))
            return (ExitCode.Usage, message.Contains(variable, StringComparison.Ordinal) ? message : $"{variable}: {message}");

        string name = OptionName(exception.ParamName ?? "");
        OptionResult? given = command.Children.OfType<OptionResult>().FirstOrDefault(result => result.Option.Name == name && !result.Implicit);
        if (given is null) return NotGiven(name, message, command);

        return given.Option.ValueType == typeof(FileInfo)
            ? (ExitCode.BadData, $"{name} {given.GetValueOrDefault<FileInfo>()}: {message}")
            : (ExitCode.Usage, $"{name}: {message}");
    }

    // What was left out, or followed from files: the option that would help is told when there is one.
    private static (int ExitCode, string Message) NotGiven(string name, string message, CommandResult given)
    {
        bool readsFiles = given.Children.OfType<OptionResult>().Any(result => result.Option.ValueType == typeof(FileInfo) && !result.Implicit);
        string hint = given.Command.Options.Any(option => option.Name == name) ? $"{name}: " : "";
        return (readsFiles ? ExitCode.BadData : ExitCode.Usage, hint + message);
    }

    /// <summary>A message of the library without what .NET adds to it.</summary>
    internal static string WithoutParameterSuffix(string message) => ParameterSuffix().Replace(message, "");

    /// <summary>The option that carries a parameter of the library: <c>options.QueryOffset</c> is <c>--query-offset</c>.</summary>
    internal static string OptionName(string parameter)
    {
        string last = parameter[(parameter.LastIndexOf('.') + 1)..];
        if (last.Length == 0) return "";

        string camelCase = char.ToLowerInvariant(last[0]) + last[1..];
        return OptionOfParameter.GetValueOrDefault(camelCase) ?? "--" + UpperCaseLetter().Replace(camelCase, "-$0").ToLowerInvariant();
    }

    [GeneratedRegex(@"\s*\(Parameter '[^']*'\)(\s+Actual value was .*)?")]
    private static partial Regex ParameterSuffix();

    [GeneratedRegex("[A-Z]")]
    private static partial Regex UpperCaseLetter();
}
