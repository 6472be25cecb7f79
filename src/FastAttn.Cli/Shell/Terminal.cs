using Spectre.Console;

namespace FastAttn.Cli;

/// <summary>Consoles that write where they are told: colours and width of the terminal on a terminal, plain wide text elsewhere.</summary>
internal static class Terminal
{
    // Tables in files and pipes must not wrap at the 80 columns that are assumed where there is no terminal.
    private const int WidthWithoutTerminal = 160;

    /// <summary>A console over a writer.</summary>
    public static IAnsiConsole Create(TextWriter writer)
    {
        bool isTerminal = IsTerminal(writer);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isTerminal) console.Profile.Width = WidthWithoutTerminal;
        return console;
    }

    /// <summary>Whether a person sees what is written here as it is written.</summary>
    public static bool IsTerminal(TextWriter writer) =>
        (ReferenceEquals(writer, Console.Out) && !Console.IsOutputRedirected) || (ReferenceEquals(writer, Console.Error) && !Console.IsErrorRedirected);
}
