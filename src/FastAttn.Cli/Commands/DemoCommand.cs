using System.CommandLine;
using FastAttn.Cli.Demo;

namespace FastAttn.Cli.Commands;

/// <summary><c>fastattn demo</c>: the main job on rows made of a document's bytes, every method timed and checked.</summary>
internal sealed class DemoCommand
{
    public const string Name = "demo";

    /// <summary>What is run and measured, printed by <c>fastattn demo --help</c>.</summary>
    public const string Details =
        """
        What is run: kernelized attention with a relative position bias, 8 heads of 64 columns, 64 positive random features, normalised. Over 512,
        1024 … 16384 positions, by every method that can compute it, and by the planner's choice.

        The data: random numbers, made out of the bytes of a document. Each byte has, in each head, three vectors of independent N(0,1) numbers
        from fixed seeds: a query, a key and a value. Position t takes (e(t) + e(t-1)/2 + e(t-2)/4 + e(t-3)/8) / sqrt(85/64). A document that is
        shorter than the sequence is repeated. The bias of each head and offset is N(0,1)/2 from a fixed seed. Nothing is tuned to any method.

        The columns:
        ms per head   the time of a call over all heads, divided by 8: the median of 1 to 15 runs, after one to warm up
        error         the worst row of |z - z64| / max |v| over all heads, z64 in double precision: all rows up to n = 4096, above that 1024 rows
                      a head, the first and last 32 among them
        repaired rows rows that were computed again because their error was not sure to be small
        speed         the time of exact softmax attention with the same bias, data and threads, divided by the method's

        The last line says whether every checked row is within 1e-4. If one is not, the exit status is 1.
        """;

    private readonly Argument<FileInfo> _file = OptionTypes.FileArgument(
        "FILE", "The document: any file; its bytes are turned into random rows. Default: the README of the repository around the current directory, else the copy inside this program.");

    private readonly Option<int?> _maxLength = OptionTypes.WholeNumber("--max-length", $"The longest sequence, {DemoShape.ShortestLength} to {DemoShape.LongestLength}. Default: {DemoShape.LongestLength}.");
    private readonly Option<int?> _threads = OptionTypes.WholeNumber("--threads", "Threads. Default: FASTATTN_THREADS, else all cores this process may use.");

    public static Command Create() => new DemoCommand().Build();

    private Command Build()
    {
        Command command = new(Name, "Run every method on rows made of a document's bytes: timed against softmax attention, checked against double precision.") { _file, _maxLength, _threads };
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        int maxLength = OptionTypes.InRange(parsed, _maxLength, DemoShape.LongestLength, DemoShape.ShortestLength, DemoShape.LongestLength);
        int threads = OptionTypes.InRange(parsed, _threads, FastAttnInfo.DefaultThreads, 1);

        Document document = parsed.GetValue(_file) is FileInfo file ? Document.FromFile(file) : Document.Default();
        TextWriter output = parsed.InvocationConfiguration.Output;
        output.WriteLine(
            $"{document.Name}: {document.Bytes.Length} bytes; {DemoShape.Heads} heads × {DemoShape.HeadDimension}, {DemoShape.Features} features, "
            + $"tier {Words.Of(FastAttnInfo.Tier)}, {threads} threads; see fastattn demo --help for what is run and measured");

        int[] lengths = [.. DemoShape.Lengths(maxLength)];
        List<DemoResult> results = [];
        DemoProgress.Show(parsed.InvocationConfiguration.Error, lengths, progress =>
        {
            ByteEmbedding embedding = new();
            foreach (int length in lengths)
            {
                results.Add(DemoRun.Measure(embedding.Embed(document.Bytes, length), threads, (step, share) => progress(length, step, share)));
            }
        });
        DemoTable.Print(Terminal.Create(output), results);
        return DemoVerdict.Holds(results) ? ExitCode.Success : ExitCode.BadData;
    }
}
