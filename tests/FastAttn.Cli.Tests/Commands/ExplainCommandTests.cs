namespace FastAttn.Cli.Tests.Commands;

public class ExplainCommandTests
{
    [Theory]
    [InlineData("--length 300", "direct")]
    [InlineData("--length 65536", "fft")]
    [InlineData("--length 65536 --causal --method direct", "direct")]
    [InlineData("--length 4096 --no-positions", "linear")]
    [InlineData("--length 20000 --position clipped:0,-1,0.5", "band")]
    [InlineData("--length 100 --key-length 70 --batch 3 --heads 4 --head-dim 32 --value-dim 16 --feature-map elu --tolerance 1e-3 --threads 1", "direct")]
    public void Prints_the_method_and_the_cost_of_each(string options, string method)
    {
        string output = Cli.Run(["explain", .. options.Split(' ')]).AssertSucceeded().Output;

        Assert.Contains($"method         {method}{Environment.NewLine}", output, StringComparison.Ordinal);
        Assert.Matches(@"why            \w", output);
        foreach (string word in (string[])["direct", "fft", "linear"]) Assert.Matches($@"│ {word}\s+│ (yes|no)\s+│\s+(\d+\.\d+|–) │", output);
    }

    [Fact]
    public void A_bias_of_ones_own_is_planned_by_its_numbers()
    {
        using TemporaryDirectory directory = new();
        float[] numbers = [.. Enumerable.Range(-4999, 9999).Select(t => MathF.Abs(t) < 20 ? 1f : 0f)];
        string bias = directory.Save("b.npy", [9999], numbers);
        Assert.Contains($"method         band{Environment.NewLine}", Cli.Run("explain", "--length", "5000", "--bias", bias).AssertSucceeded().Output, StringComparison.Ordinal);
        Cli.Run("explain", "--length", "5000", "--bias", bias, "--position", "alibi:1").AssertFailed(2, "fastattn explain: --bias and --position exclude each other (see fastattn explain --help)");
        Cli.Run("explain", "--length", "5000", "--bias", bias, "--no-positions").AssertFailed(2, "fastattn explain: --no-positions and --bias exclude each other (see fastattn explain --help)");
        Cli.Run("explain", "--length", "5001", "--bias", bias).AssertFailed(1, $"fastattn explain: --bias {bias}: has shape [9999], expected [10001], [1,10001] or [8,10001]");
    }

    [Theory]
    [InlineData("", "the sizes, for a bias whose numbers are unknown; give --bias or --position to plan for yours")]
    [InlineData("--no-positions", "the sizes, without positions")]
    [InlineData("--position alibi:1", "the sizes and the numbers of --position")]
    [InlineData("--op schoenbat", "the sizes, without positions")]
    [InlineData("--op schoenbat --position alibi:1 --features 32", "the sizes and the numbers of --position")]
    public void Says_what_it_planned_from(string options, string from) =>
        Assert.Contains(
            $"planned from   {from}{Environment.NewLine}",
            Cli.Run(["explain", "--length", "600", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).AssertSucceeded().Output,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("softmax --position alibi:1 --causal", true)]
    [InlineData("gaussian --threads 2", true)]
    [InlineData("skyformer --landmarks 32", true)]
    [InlineData("fast_rpb", false)]
    public void Systems_with_one_method_say_so(string options, bool memory)
    {
        string[] words = options.Split(' ');
        string output = Cli.Run(["explain", "--length", "600", "--op", .. words]).AssertSucceeded().Output;
        Assert.StartsWith($"method         the only one of {words[0]}: ", output, StringComparison.Ordinal);
        if (memory) Assert.Matches(@"(?m)^working memory \d+\.\d\d MiB\r?$", output);
    }

    [Fact]
    public void Options_of_other_systems_are_wrong_usage() =>
        Cli.Run("explain", "--length", "600", "--op", "softmax", "--method", "fft")
            .AssertFailed(2, "fastattn explain: --method is not an option of --op softmax, only of kernelized, schoenbat (see fastattn explain --help)");

    [Fact]
    public void Features_and_Fourier_length_are_the_plan_s()
    {
        string output = Cli.Run("explain", "--length", "1000", "--features", "24", "--feature-map", "trf").AssertSucceeded().Output;
        ExecutionPlan plan = ExecutionPlan.Create(new AttentionShape(8, 1000, 64), new KernelizedAttentionOptions { FeatureMap = FeatureMap.Trf, Features = 24 });

        Assert.Equal(48, plan.Features);
        Assert.Contains("features       48", output, StringComparison.Ordinal);
        Assert.Contains($"Fourier length {plan.FftLength}", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alibi", "got 'alibi', expected alibi:SLOPES")]
    [InlineData("alibi:1:2", "got 'alibi:1:2', expected alibi:SLOPES")]
    [InlineData("t5:0,0,0,0:forwards", "got 't5:0,0,0,0:forwards', expected t5:BIAS[:causal][:MAX_DISTANCE][:float32]")]
    public void Positions_that_are_not_understood_are_wrong_usage(string position, string message) =>
        Cli.Run("explain", "--length", "16", "--position", position).AssertFailed(2, $"fastattn explain: --position: {message}");

    [Theory]
    [InlineData("alibi:-1", "slopes[0] is -1")]
    [InlineData("kerple_power:1:3", "p[0] is 3")]
    [InlineData("clipped:1,2", "bias has 2 values")]
    [InlineData("alibi:1,2,3", "position has 3 heads")]
    [InlineData("rotary:1", "expected one of clipped:BIAS")]
    public void Parameters_out_of_range_are_wrong_usage(string position, string part)
    {
        CliResult result = Cli.Run("explain", "--length", "16", "--position", position);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains("--position", result.Error, StringComparison.Ordinal);
        Assert.Contains(part, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--length", "-5")]
    [InlineData("--heads", "0")]
    [InlineData("--head-dim", "513")]
    [InlineData("--value-dim", "0")]
    [InlineData("--key-length", "-1")]
    [InlineData("--batch", "-1")]
    [InlineData("--features", "0")]
    [InlineData("--tolerance", "1")]
    [InlineData("--threads", "-1")]
    public void A_number_out_of_range_is_wrong_usage(string option, string value)
    {
        string[] length = option == "--length" ? [] : ["--length", "16"];
        CliResult result = Cli.Run(["explain", .. length, option, value]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        string line = Assert.Single(result.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith($"fastattn explain: {option}: ", line, StringComparison.Ordinal);
    }
}
