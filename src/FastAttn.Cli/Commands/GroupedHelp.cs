using System.CommandLine;

namespace FastAttn.Cli.Commands;

/// <summary>The help of a command with many options: group by group, each with an example.</summary>
internal static class GroupedHelp
{
    private const int Indent = 4;

    /// <summary>Writes the help.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="command">The command.</param>
    /// <param name="words">How the command is called, such as <c>fastattn run</c>.</param>
    /// <param name="width">Columns of a line; longer words stand on lines of their own.</param>
    public static void Write(TextWriter output, GroupedCommand command, string words, int width)
    {
        WriteText(output, command.Description!, 0, width);
        output.WriteLine();
        output.WriteLine($"Usage: {words} [options]");
        foreach (OptionGroup group in command.Groups)
        {
            output.WriteLine();
            output.WriteLine($"{group.Title}:");
            foreach (Option option in group.Options)
            {
                output.WriteLine($"  {Names(option)}");
                WriteText(output, option.Description!, Indent, width);
            }

            output.WriteLine($"  Example: {words} {group.Example}");
        }
    }

    private static string Names(Option option)
    {
        string names = string.Join(", ", option.Aliases.Order(StringComparer.Ordinal).Append(option.Name));
        string required = option.Required ? " (required)" : "";
        return option.HelpName is null ? names + required : $"{names} <{option.HelpName}>{required}";
    }

    private static void WriteText(TextWriter output, string text, int indent, int width)
    {
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && indent + line.Length + 1 + word.Length > width)
            {
                output.WriteLine(new string(' ', indent) + line);
                line = "";
            }

            line += line.Length > 0 ? $" {word}" : word;
        }

        output.WriteLine(new string(' ', indent) + line);
    }
}
