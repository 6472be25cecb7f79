namespace FastAttn.Cli.Tests.Commands;

public class UsageErrorTests
{
    private const string Files = "run --q q --k k --v v -o o ";

    [Theory]
    [InlineData("", "fastattn: Required command was not provided. (see fastattn --help)")]
    [InlineData("walk", "fastattn: unknown command 'walk', expected demo, compare, run, info, explain, tune (see fastattn --help)")]
    [InlineData("--walk", "fastattn: unknown command '--walk', expected demo, compare, run, info, explain, tune (see fastattn --help)")]
    [InlineData("info --walk", "fastattn info: unknown option or argument '--walk' (see fastattn info --help)")]
    [InlineData("demo a b", "fastattn demo: unknown option or argument 'b' (see fastattn demo --help)")]
    [InlineData("demo --max-length many", "fastattn demo: --max-length: got 'many', expected a whole number below 2³¹ (see fastattn demo --help)")]
    [InlineData("demo --max-length 511", "fastattn demo: --max-length: got 511, expected 512 to 16384")]
    [InlineData("demo --max-length 16385", "fastattn demo: --max-length: got 16385, expected 512 to 16384")]
    [InlineData("demo --threads 0", "fastattn demo: --threads: got 0, expected at least 1")]
    [InlineData("explain", "fastattn explain: Option '--length' is required. (see fastattn explain --help)")]
    [InlineData("explain --length 8 --method quick", "fastattn explain: --method: got 'quick', expected one of auto, direct, fft, linear, band, decay, multipole (see fastattn explain --help)")]
    [InlineData("run", "fastattn run: Option '--q' is required. (see fastattn run --help)")]
    [InlineData("run --op fast-rpb --v v -o o", "fastattn run: --op: got 'fast-rpb', expected one of kernelized, softmax, gaussian, skyformer, schoenbat, fast_rpb (see fastattn run --help)")]
    [InlineData("run --q q --k k -o o", "fastattn run: Option '--v' is required. (see fastattn run --help)")]
    [InlineData("run --q q --k k --v v", "fastattn run: Option '--output' is required. (see fastattn run --help)")]
    [InlineData(Files + "--features", "fastattn run: Required argument missing for option: '--features'. (see fastattn run --help)")]
    [InlineData(Files + "--features 1.5", "fastattn run: --features: got '1.5', expected a whole number below 2³¹ (see fastattn run --help)")]
    [InlineData(Files + "--features 99999999999", "fastattn run: --features: got '99999999999', expected a whole number below 2³¹ (see fastattn run --help)")]
    [InlineData(Files + "--seed -1", "fastattn run: --seed: got '-1', expected a whole number from 0 to 2⁶⁴ − 1 (see fastattn run --help)")]
    [InlineData(Files + "--tolerance small", "fastattn run: --tolerance: got 'small', expected a number (see fastattn run --help)")]
    [InlineData(Files + "--qk-scale 1,5", "fastattn run: --qk-scale: got '1,5', expected a number (see fastattn run --help)")]
    [InlineData(Files + "--lengths 3,x", "fastattn run: --lengths: got '3,x', expected whole numbers below 2³¹ with commas between them (see fastattn run --help)")]
    [InlineData(Files + "--feature-map PRF", "fastattn run: --feature-map: got 'PRF', expected one of prf, trf, elu, relu, sikf, dpfp, given (see fastattn run --help)")]
    [InlineData(Files + "--feature-map 0", "fastattn run: --feature-map: got '0', expected one of prf, trf, elu, relu, sikf, dpfp, given (see fastattn run --help)")]
    [InlineData(Files + "--projection-kind cube", "fastattn run: --projection-kind: got 'cube', expected one of iid, orthogonal, sphere (see fastattn run --help)")]
    [InlineData(Files + "--normalize --no-normalize", "fastattn run: --normalize and --no-normalize exclude each other (see fastattn run --help)")]
    [InlineData(Files + "--q again", "fastattn run: Option '--q' expects a single argument but 2 were provided. (see fastattn run --help)")]
    [InlineData(Files + "--q", "fastattn run: Required argument missing for option: '--q'. (see fastattn run --help)")]
    [InlineData(Files + "--bias", "fastattn run: Required argument missing for option: '--bias'. (see fastattn run --help)")]
    [InlineData(Files + "--bias b --position", "fastattn run: --bias and --position exclude each other (see fastattn run --help)")]
    [InlineData(Files + "--bias b --position alibi:1", "fastattn run: --bias and --position exclude each other (see fastattn run --help)")]
    [InlineData("explain --length 8 --no-positions --position", "fastattn explain: --no-positions and --position exclude each other (see fastattn explain --help)")]
    [InlineData("explain --length 8 --causal --key-length 3", "fastattn explain: --query-offset: QueryOffset is not given for 8 causal queries and 3 keys; expected one when there are more queries than keys")]
    [InlineData(Files + "extra", "fastattn run: unknown option or argument 'extra' (see fastattn run --help)")]
    public void Wrong_usage_is_one_line_and_exit_code_2(string arguments, string line) =>
        Cli.Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)).AssertFailed(2, line);

    [Fact]
    public void An_empty_file_name_is_wrong_usage() =>
        Cli.Run("run", "--q", "", "--k", "k", "--v", "v", "-o", "o")
            .AssertFailed(2, "fastattn run: --q: got '', expected the name of a file (see fastattn run --help)");

    [Theory]
    [InlineData("--help")]
    [InlineData("demo --help")]
    [InlineData("run --help")]
    [InlineData("info --help")]
    [InlineData("explain --help")]
    [InlineData("tune --help")]
    public void Help_is_called_fastattn(string arguments)
    {
        CliResult result = Cli.Run(arguments.Split(' ')).AssertSucceeded();
        Assert.Contains("fastattn", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("FastAttn.Cli", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_of_the_demonstration_tells_how_its_data_is_made() =>
        Assert.Contains("Nothing is tuned to any method.", Cli.Run("demo", "--help").AssertSucceeded().Output, StringComparison.Ordinal);

    [Fact]
    public void The_version_is_a_number() => Assert.Matches(@"^\d+\.\d+\.\d+", Cli.Run("--version").AssertSucceeded().Output);
}
