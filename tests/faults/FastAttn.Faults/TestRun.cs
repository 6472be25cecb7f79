using System.Text.RegularExpressions;

namespace FastAttn.Faults;

/// <summary>What a run of tests printed.</summary>
/// <param name="IsGreen">Whether tests ran and all passed.</param>
/// <param name="FirstFailed">The test that failed first; null when none did, whatever else went wrong.</param>
/// <param name="LastLine">The last line with something on it.</param>
internal sealed partial record TestRun(bool IsGreen, string? FirstFailed, string LastLine)
{
    public static TestRun Read(string output)
    {
        string[] lines = output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string? failed = lines.Select(line => Failed().Match(line)).FirstOrDefault(match => match.Success)?.Groups[1].Value;
        bool isGreen = failed is null && lines.Any(line => line.StartsWith("Passed!", StringComparison.Ordinal));
        return new TestRun(isGreen, failed, lines.LastOrDefault("nothing was printed"));
    }

    [GeneratedRegex(@"^\[xUnit\.net [0-9:.]+\] *FastAttn\.Tests\.(.*) \[FAIL\]$")]
    private static partial Regex Failed();
}
