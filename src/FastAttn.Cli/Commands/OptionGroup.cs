using System.CommandLine;

namespace FastAttn.Cli.Commands;

/// <summary>Options that belong together in the help of a command that has many.</summary>
/// <param name="Title">What they are about.</param>
/// <param name="Example">A command that uses some of them, without the words before its first option.</param>
/// <param name="Options">The options, in the order of the help.</param>
internal sealed record OptionGroup(string Title, string Example, params Option[] Options);
