using System.CommandLine;
using FastAttn.Cli.Compare;
using FastAttn.Cli.Demo;

namespace FastAttn.Cli.Commands;

/// <summary><c>fastattn compare</c>: every system on the rows of one document at one budget.</summary>
internal sealed class CompareCommand
{
    public const string Name = "compare";

    /// <summary>What is run and measured, printed by <c>fastattn compare --help</c>.</summary>
    public const string Details =
        """
        What is run: every system of the library, over the 8 heads of 64 columns that fastattn demo makes of a document, with as many features
        or landmarks as --budget says. elu, sikf and dpfp have as many features as their formulas give. Systems that know relative positions
        get the demo's bias. gaussian, skyformer and schoenbat are run without one, as their papers have them. FastRPB is added to softmax
        attention, with weights N(0,1)/n from a fixed seed.

        The columns:
        ms a head         the time of a call over all heads, divided by 8: the median of 1 to 15 runs, after one to warm up
        MiB               the working memory of one head, or of the whole call where heads share it
        from softmax      |z - expected| / max |v|, with exact softmax attention and the bias as what is expected, over 256 rows of each head
        from its exact    the same, with the function that the system itself computes (elu, relu, sikf, dpfp, gaussian, softmax) or estimates
        form              (prf, trf: exp of products of unit vectors; skyformer: gaussian; schoenbat: its kernel), in double precision

        A large distance from softmax is not an error. Most systems are other functions than softmax: models are trained with them.
        """;

    private const int DefaultLength = 4096;
    private const int DefaultBudget = 128;
    private const int CheckedRows = 256;

    private readonly Argument<FileInfo> _file = OptionTypes.FileArgument(
        "FILE", "The document. Default: the README of the repository around the current directory, else the copy inside this program.");

    private readonly Option<int?> _length = OptionTypes.WholeNumber("--length", $"Tokens, 1 to {DemoShape.LongestLength}. Default: {DefaultLength}.");
    private readonly Option<int?> _budget = OptionTypes.WholeNumber("--budget", $"Features of each token, or landmarks, 2 to {RandomProjection.MaxFeatures}. Default: {DefaultBudget}.");
    private readonly Option<int?> _threads = OptionTypes.WholeNumber("--threads", "Threads. Default: FASTATTN_THREADS, else all cores this process may use.");
    private readonly Option<FileInfo> _plot = OptionTypes.File("--plot", "FILE.svg", "Where a plot of distance against time goes, both axes logarithmic.");

    public static Command Create() => new CompareCommand().Build();

    private Command Build()
    {
        Command command = new(Name, "Run every system on rows made of a document's bytes, at one budget: time, memory, and distance from exact softmax attention.") { _file, _length, _budget, _threads, _plot };
        command.SetAction(Run);
        return command;
    }

    private void Run(ParseResult parsed)
    {
        int length = OptionTypes.InRange(parsed, _length, DefaultLength, 1, DemoShape.LongestLength);
        int budget = OptionTypes.InRange(parsed, _budget, DefaultBudget, 2, RandomProjection.MaxFeatures);
        int threads = OptionTypes.InRange(parsed, _threads, FastAttnInfo.DefaultThreads, 1);
        FileInfo? plot = parsed.GetValue(_plot);
        if (plot is not null && !plot.Extension.Equals(".svg", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"{_plot.Name}: got '{plot}', expected a name that ends in .svg");
        OutputFile.RefuseInput(parsed, _plot);
        if (plot is not null) OutputFile.Check(_plot.Name, plot);

        Document document = parsed.GetValue(_file) is FileInfo file ? Document.FromFile(file) : Document.Default();
        TextWriter output = parsed.InvocationConfiguration.Output;
        output.WriteLine(
            $"{document.Name}: {document.Bytes.Length} bytes, {length} tokens; {DemoShape.Heads} heads × {DemoShape.HeadDimension}, budget {budget}, "
            + $"tier {Words.Of(FastAttnInfo.Tier)}, {threads} threads; see fastattn compare --help for what is run and measured");

        IReadOnlyList<CompareResult> results = [];
        DemoProgress.Show(parsed.InvocationConfiguration.Error, [length], progress =>
        {
            AttentionData data = new ByteEmbedding().Embed(document.Bytes, length);
            int[] rows = [.. Enumerable.Range(0, Math.Min(CheckedRows, length)).Select(row => (int)((long)row * length / Math.Min(CheckedRows, length)))];
            results = CompareRun.Measure(data, ComparedSystems.Of(data, budget, threads), rows, threads, (step, share) => progress(length, step, share));
        });
        CompareTable.Print(Terminal.Create(output), results);
        if (plot is null) return;
        OutputFile.Write(_plot.Name, plot, stream => ComparePlot.Write(stream, results, $"{document.Name}, {length} tokens, budget {budget}"));
        output.WriteLine($"plot: {plot}");
    }
}
