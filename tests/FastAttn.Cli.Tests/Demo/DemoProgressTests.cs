using FastAttn.Cli.Demo;
using Spectre.Console;

namespace FastAttn.Cli.Tests.Demo;

public class DemoProgressTests
{
    [Fact]
    public void A_bar_shows_the_length_and_step_in_work_and_ends_full()
    {
        using StringWriter writer = new();
        IAnsiConsole terminal = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.Yes,
        });
        int[] lengths = [512, 1024];

        DemoProgress.ShowBar(terminal, lengths, progress =>
        {
            foreach (int length in lengths) progress(length, "direct", 0.5);
        });

        Assert.Contains("n = 1024, direct", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("100%", writer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Elsewhere_each_length_is_one_line()
    {
        using StringWriter writer = new();

        DemoProgress.Show(writer, [512, 1024], progress =>
        {
            foreach (int length in (int[])[512, 512, 1024]) progress(length, "fft", 0);
        });

        Assert.Equal($"n = 512 …{Environment.NewLine}n = 1024 …{Environment.NewLine}", writer.ToString());
    }
}
