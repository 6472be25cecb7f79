using System.Xml.Linq;
using FastAttn.Cli.Compare;
using FastAttn.Cli.Demo;

namespace FastAttn.Cli.Tests.Commands;

public sealed class CompareCommandTests : IDisposable
{
    private const int Length = 300;
    private const int Threads = 2;

    private static readonly int[] Rows = [0, 1, 2, 150, 298, 299];

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Runs_every_system_and_plots_it()
    {
        string document = _directory.SaveBytes("text.txt", "A short document."u8.ToArray());
        string plot = _directory["plot.svg"];

        CliResult result = Cli.Run("compare", document, "--length", "200", "--budget", "32", "--plot", plot);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains($"{document}: 17 bytes, 200 tokens; 8 heads × 64, budget 32", result.Output, StringComparison.Ordinal);
        string[] drawn = [.. XDocument.Load(plot).Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value.Trim())];
        foreach (ComparedSystem system in Systems(32))
        {
            Assert.Contains($"│ {system.Name} ", result.Output, StringComparison.Ordinal);
            Assert.Contains(system.Name, drawn);
        }

        Assert.Contains($"plot: {plot}", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Systems_that_are_their_own_exact_form_agree_with_it()
    {
        IReadOnlyList<CompareResult> results = Measure([.. Systems(64).Where(system => !IsEstimate(system))]);

        Assert.Equal(["softmax", "softmax + fast_rpb", "kernelized relu", "kernelized elu", "kernelized sikf", "kernelized dpfp", "gaussian"], results.Select(result => result.System.Name));
        Assert.All(results, result => Assert.InRange(result.FromExact.Worst, double.Epsilon, new KernelizedAttentionOptions().Tolerance));
        Assert.All(results, result => Assert.InRange(result.FromExact.Median, double.Epsilon, result.FromExact.Worst));
        Assert.Equal(results[0].FromExact, results[0].FromSoftmax);
    }

    [Fact]
    public void Systems_that_estimate_come_closer_with_a_larger_budget()
    {
        CompareResult[] small = [.. Measure([.. Systems(8).Where(IsEstimate)])], large = [.. Measure([.. Systems(512).Where(IsEstimate)])];

        Assert.All(small.Zip(large), pair => Assert.True(
            pair.Second.FromExact.Median < pair.First.FromExact.Median,
            $"{pair.First.System.Name}: {pair.First.FromExact.Median} with 8, {pair.Second.FromExact.Median} with 512"));
    }

    [Fact]
    public void A_wrong_row_is_seen()
    {
        AttentionData data = Data();
        double[] expected = ExactRows.Compute(data, ExactForm.Softmax(DemoShape.HeadDimension), Rows, Threads);
        float[] output = new float[data.Value.Length];
        for (int head = 0; head < DemoShape.Heads; head++)
        {
            for (int row = 0; row < Rows.Length; row++)
            {
                for (int column = 0; column < DemoShape.HeadDimension; column++)
                    output[((head * Length) + Rows[row]) * DemoShape.HeadDimension + column] = (float)expected[((head * Rows.Length) + row) * DemoShape.HeadDimension + column];
            }
        }

        Assert.InRange(RowErrors.Of(data, output, Rows, expected).Worst, 0, 1e-7);
        output[^1] += 1;
        Assert.InRange(RowErrors.Of(data, output, Rows, expected).Worst, 0.05, 0.5);
        output[^1] = float.NaN;
        Assert.Equal(double.NaN, RowErrors.Of(data, output, Rows, expected).Worst);
    }

    [Theory]
    [InlineData("--length", "0", "expected 1 to 16384")]
    [InlineData("--length", "16385", "expected 1 to 16384")]
    [InlineData("--budget", "1", "expected 2 to 4096")]
    [InlineData("--threads", "0", "expected at least 1")]
    public void Numbers_out_of_range_are_usage_errors(string option, string value, string expected) =>
        Cli.Run("compare", option, value).AssertFailed(2, $"fastattn compare: {option}: got {value}, {expected}");

    [Fact]
    public void A_plot_of_another_format_is_wrong_usage() =>
        Cli.Run("compare", "--plot", "plot.png").AssertFailed(2, "fastattn compare: --plot: got 'plot.png', expected a name that ends in .svg");

    [Fact]
    public void A_plot_that_cannot_be_written_is_told_before_anything_runs()
    {
        string plot = Path.Combine(_directory["none"], "plot.svg");
        Cli.Run("compare", "--plot", plot).AssertFailed(1, $"fastattn compare: --plot {plot}: no such directory");
    }

    private static bool IsEstimate(ComparedSystem system) =>
        system.Name is "kernelized prf" or "kernelized trf" or "skyformer" || system.Name.StartsWith("schoenbat", StringComparison.Ordinal);

    private static AttentionData Data() => new ByteEmbedding().Embed("A short document."u8.ToArray(), Length);

    private static IReadOnlyList<ComparedSystem> Systems(int budget) => ComparedSystems.Of(Data(), budget, Threads);

    private static IReadOnlyList<CompareResult> Measure(IReadOnlyList<ComparedSystem> systems) => CompareRun.Measure(Data(), systems, Rows, Threads, (_, _) => { });
}
