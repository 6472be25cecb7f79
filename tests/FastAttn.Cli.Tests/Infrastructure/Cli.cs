namespace FastAttn.Cli.Tests;

/// <summary>Runs the command line in this process.</summary>
internal static class Cli
{
    public static CliResult Run(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int exitCode = CommandLine.Run(arguments, output, error);
        return new CliResult(exitCode, output.ToString(), error.ToString());
    }
}

/// <summary>What a run of the command left behind.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error)
{
    /// <summary>Asserts that the run failed with one line and printed nothing else.</summary>
    public void AssertFailed(int exitCode, string line)
    {
        Assert.Equal(line + Environment.NewLine, Error);
        Assert.Equal("", Output);
        Assert.Equal(exitCode, ExitCode);
    }

    /// <summary>Asserts success.</summary>
    public CliResult AssertSucceeded()
    {
        Assert.Equal("", Error);
        Assert.Equal(0, ExitCode);
        return this;
    }
}
