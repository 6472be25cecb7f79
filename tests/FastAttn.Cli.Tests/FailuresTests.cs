using System.CommandLine;
using FastAttn.Cli.Commands;

namespace FastAttn.Cli.Tests;

public class FailuresTests
{
    [Theory]
    [InlineData("query", "--q")]
    [InlineData("key", "--k")]
    [InlineData("value", "--v")]
    [InlineData("bias", "--bias")]
    [InlineData("values", "--projection")]
    [InlineData("keyMask", "--key-mask")]
    [InlineData("Tolerance", "--tolerance")]
    [InlineData("options.QueryOffset", "--query-offset")]
    [InlineData("options.QueryOffsets", "--query-offset")]
    [InlineData("shape.HeadDimension", "--head-dim")]
    [InlineData("", "")]
    public void Parameters_have_the_names_of_options(string parameter, string option) => Assert.Equal(option, Failures.OptionName(parameter));

    [Fact]
    public void Every_option_that_parameters_map_to_exists()
    {
        string[] options = [.. CommandLine.Create().Subcommands.SelectMany(command => command.Options).Select(option => option.Name)];
        foreach (string parameter in (string[])["query", "key", "value", "destination", "values", "position", "headDimension", "valueDimension", "queryLength", "keyLength", "features", "qkScale"])
        {
            Assert.Contains(Failures.OptionName(parameter), options);
        }
    }

    [Fact]
    public void Refused_numbers_are_wrong_usage_and_refused_files_bad_data()
    {
        ParseResult parsed = RunCommand.Create().Parse("--q q.npy --k k.npy --v v.npy -o o.npy --features 0 --bias b.npy");

        Assert.Equal((2, "--features: must be at least 1"), Failures.Explain(new ArgumentOutOfRangeException("Features", 0, "must be at least 1"), parsed.CommandResult));
        Assert.Equal((1, "--bias b.npy: has NaN"), Failures.Explain(new ArgumentException("has NaN", "bias"), parsed.CommandResult));
        Assert.Equal((1, "--threads: odd"), Failures.Explain(new ArgumentException("odd", "threads"), parsed.CommandResult));
        Assert.Equal((1, "odd"), Failures.Explain(new ArgumentException("odd", "nothing"), parsed.CommandResult));
        Assert.Equal((2, "FASTATTN_TIER: odd"), Failures.Explain(new ArgumentException("odd", "FASTATTN_TIER"), parsed.CommandResult));
        Assert.Equal((2, "FASTATTN_TIER is odd"), Failures.Explain(new ArgumentException("FASTATTN_TIER is odd", "FASTATTN_TIER"), parsed.CommandResult));
        Assert.Equal((1, "--q q.npy: too short"), Failures.Explain(new AggregateException(new ShapeException("too short", "query")), parsed.CommandResult));
    }

    [Fact]
    public void Nothing_is_left_without_words()
    {
        ParseResult parsed = InfoCommand.Create().Parse("");

        Assert.Equal((1, "not enough memory for arrays of this size"), Failures.Explain(new OutOfMemoryException(), parsed.CommandResult));
        Assert.Equal((1, "disk full"), Failures.Explain(new IOException("disk full"), parsed.CommandResult));
        Assert.Equal((1, "unexpected InvalidOperationException: oops"), Failures.Explain(new InvalidOperationException("oops"), parsed.CommandResult));
    }
}
