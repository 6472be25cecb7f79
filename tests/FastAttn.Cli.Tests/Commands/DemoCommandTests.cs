using FastAttn.Cli.Demo;

namespace FastAttn.Cli.Tests.Commands;

public sealed class DemoCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Runs_every_method_within_the_tolerance_and_says_which_was_chosen_and_why()
    {
        string document = _directory.SaveBytes("text.txt", "A short document."u8.ToArray());

        CliResult result = Cli.Run("demo", document, "--max-length", "512");

        Assert.Equal(0, result.ExitCode);
        Assert.Equal($"n = 512 …{Environment.NewLine}", result.Error);
        Assert.Contains($"{document}: 17 bytes; 8 heads × 64, 64 features", result.Output, StringComparison.Ordinal);
        Assert.Matches(@"│ 512 │ softmax", result.Output);
        Assert.Matches(@"│ 512 │ direct", result.Output);
        Assert.Matches(@"│ 512 │ fft", result.Output);
        Assert.Matches(@"│ 512 │ auto \((direct|fft)\)", result.Output);
        Assert.Single(result.Output.Split(Environment.NewLine), line => line.Contains("│ yes ", StringComparison.Ordinal));
        Assert.Matches(@"n = 512: (direct|fft), because \w", result.Output);
        Assert.Matches(@"^all checked rows within 1e-4 of float64: yes \(the worst: \d\.\de-\d, (direct|fft|auto) at n = 512\)$", result.Output.TrimEnd().Split(Environment.NewLine)[^1]);
    }

    [Theory]
    [InlineData(0.99e-4, true, "yes (the worst: 9.9e-5, fft at n = 1024)")]
    [InlineData(1.01e-4, false, "NO (the worst: 1.0e-4, fft at n = 1024)")]
    [InlineData(double.NaN, false, "NO (the worst: NaN, fft at n = 1024)")]
    public void One_wrong_row_is_the_verdict(double error, bool holds, string text)
    {
        DemoMethodResult Run(Method method, double worst) => new(method, default, 1, worst);
        DemoResult[] results =
        [
            new(512, 1, Method.Direct, "", [Run(Method.Direct, 1e-7), Run(Method.Auto, 2e-7)]),
            new(1024, 1, Method.Direct, "", [Run(Method.Direct, 1e-7), Run(Method.Fft, error), Run(Method.Auto, 1e-7)]),
        ];
        Assert.Equal(holds, DemoVerdict.Holds(results));
        Assert.Equal($"all checked rows within 1e-4 of float64: {text}", DemoVerdict.Text(results));
    }

    [Fact]
    public void Every_method_keeps_the_tolerance()
    {
        AttentionData data = new ByteEmbedding().Embed("A short document."u8.ToArray(), 512);

        DemoResult result = DemoRun.Measure(data, threads: 2, (_, _) => { });

        Assert.Equal([Method.Direct, Method.Fft, Method.Auto], result.Methods.Select(method => method.Method));
        Assert.All(result.Methods, method => Assert.InRange(method.Error, double.Epsilon, new KernelizedAttentionOptions().Tolerance));
        Assert.Equal(result.Chosen, result.Methods[^1].Report.Method);
    }

    [Fact]
    public void A_wrong_row_is_seen()
    {
        AttentionData data = new ByteEmbedding().Embed("A short document."u8.ToArray(), 100);
        int[] rows = [.. Enumerable.Range(0, 100)];
        double[] expected = new Float64Reference(data, RandomProjection.Create(64, 64), threads: 2).Compute(rows);
        float[] output = Array.ConvertAll(expected, value => (float)value);
        Assert.InRange(DemoRun.WorstError(data, output, rows, expected), 0, 1e-7);

        output[^1] += 1;
        Assert.InRange(DemoRun.WorstError(data, output, rows, expected), 0.05, 0.5);

        output[^1] = float.NaN;
        Assert.Equal(double.NaN, DemoRun.WorstError(data, output, rows, expected));
    }

    [Fact]
    public void Data_errors_are_one_line()
    {
        Cli.Run("demo", _directory["none"]).AssertFailed(1, $"fastattn demo: FILE {_directory["none"]}: no such file");
        Cli.Run("demo", _directory["."]).AssertFailed(1, $"fastattn demo: FILE {_directory["."]}: is a directory, expected a file");
        string empty = _directory.SaveBytes("empty", []);
        Cli.Run("demo", empty).AssertFailed(1, $"fastattn demo: FILE {empty}: is empty, expected at least one byte");
    }
}
