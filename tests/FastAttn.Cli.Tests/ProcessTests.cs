using System.Diagnostics;

namespace FastAttn.Cli.Tests;

/// <summary>The program as the shell sees it.</summary>
public class ProcessTests
{
    [Fact]
    public void Wrong_usage_exits_2_and_bad_data_1_with_one_line_each()
    {
        Assert.Equal((2, "", "fastattn: unknown command 'walk', expected demo, compare, run, info, explain, tune (see fastattn --help)\n"), Start("walk"));
        Assert.Equal((1, "", "fastattn run: --q none.npy: no such file\n"), Start("run", "--q", "none.npy", "--k", "k", "--v", "v", "-o", "o.npy"));
    }

    [Fact]
    public void Help_exits_0()
    {
        (int exitCode, string output, string error) = Start("--help");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("fastattn [command]", output, StringComparison.Ordinal);
    }

    private static (int ExitCode, string Output, string Error) Start(params string[] arguments)
    {
        string assembly = Path.Combine(AppContext.BaseDirectory, "FastAttn.Cli.dll");
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [assembly, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
