using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace FastAttn.Cli.Commands;

/// <summary><c>fastattn explain</c>: which method would run for given sizes, why, and what each would cost.</summary>
internal sealed class ExplainCommand
{
    private readonly Option<int?> _length = OptionTypes.WholeNumber("--length", "Queries, and keys unless --key-length says otherwise.");
    private readonly Option<int?> _keyLength = OptionTypes.WholeNumber("--key-length", "Keys. Default: as many as queries.");
    private readonly Option<int?> _batch = OptionTypes.WholeNumber("--batch", "Sequences. Default: 1.");
    private readonly Option<int?> _heads = OptionTypes.WholeNumber("--heads", "Heads. Default: 8.");
    private readonly Option<int?> _headDimension = OptionTypes.WholeNumber("--head-dim", "Columns of query and key. Default: 64.");
    private readonly Option<int?> _valueDimension = OptionTypes.WholeNumber("--value-dim", "Columns of value. Default: --head-dim.");
    private readonly Option<bool> _noPositions = new("--no-positions")
    {
        Description = "Plan for no positions. Without this option, and without --bias and --position, the plan of kernelized attention is for an unknown bias.",
    };

    private readonly PositionOption _position = new();
    private readonly SystemOptions _system = new();
    private readonly AttentionOptions _attention = new("64; schoenbat: 128");

    public static Command Create() => new ExplainCommand().Build();

    private Command Build()
    {
        _length.Required = true;
        GroupedCommand command = new("explain", "Print the method that would run, why, and the estimated cost of each method. Only kernelized and schoenbat have more than one.");
        command.Add(new OptionGroup("What, and how large", "--length 4096 --heads 12", _system.Choice, _length, _keyLength, _batch, _heads, _headDimension, _valueDimension));
        _attention.AddCommonTo(command, "--length 4096 --causal");
        _position.AddTo(command, "--length 4096 --position alibi:0.01", _noPositions);
        _attention.AddTo(command, "--length 4096 --feature-map elu --tolerance 1e-3");
        _system.AddTo(command, "--length 4096");
        command.Validators.Add(result =>
        {
            if (result.GetValue(_noPositions) && _position.Given(result) is string given) result.AddError($"--no-positions and {given} exclude each other");
        });
        command.SetAction(Run);
        return command;
    }

    private void Run(ParseResult parsed)
    {
        int length = parsed.GetValue(_length)!.Value;
        int headDimension = parsed.GetValue(_headDimension) ?? 64;
        AttentionShape shape = new(parsed.GetValue(_heads) ?? 8, length, headDimension)
        {
            Batch = parsed.GetValue(_batch) ?? 1,
            KeyLength = parsed.GetValue(_keyLength) ?? length,
            ValueDimension = parsed.GetValue(_valueDimension) ?? headDimension,
        };
        TextWriter output = parsed.InvocationConfiguration.Output;
        Operation operation = _system.Chosen(parsed);
        KernelizedAttentionOptions options = _attention.Read(parsed);
        RelativePosition? position = _position.Read(parsed, shape);
        string given = _position.Given(parsed.CommandResult) is string name ? $"the sizes and the numbers of {name}" : "the sizes, without positions";
        switch (operation)
        {
            case Operation.Kernelized when position is null && !parsed.GetValue(_noPositions):
                Print(ExecutionPlan.Create(shape, options), "the sizes, for a bias whose numbers are unknown; give --bias or --position to plan for yours", output);
                break;
            case Operation.Kernelized when position is null:
                Print(ExecutionPlan.Create(shape, options, hasPosition: false), given, output);
                break;
            case Operation.Kernelized:
                Print(ExecutionPlan.Create(shape, options, position), given, output);
                break;
            case Operation.FastRpb:
                output.WriteLine("method         the only one of fast_rpb: Toeplitz products by Fourier transforms");
                break;
            default:
                using (AttentionSystem attention = _system.Create(parsed, shape, options, position))
                {
                    if (attention is SchoenbatAttention schoenbat) Print(schoenbat.Plan, given, output);
                    else Print(operation, attention, output);
                }

                break;
        }
    }

    /// <summary>An operation that is computed in one way whatever the sizes are.</summary>
    private static void Print(Operation operation, AttentionSystem attention, TextWriter output)
    {
        output.WriteLine($"method         the only one of {Words.Of(operation)}: {(operation == Operation.Skyformer ? "products with its landmarks" : "every query meets every key that it sees, in tiles")}");
        output.WriteLine($"tier           {Words.Of(FastAttnInfo.Tier)}");
        output.WriteLine($"working memory {Mebibytes(attention.WorkspaceBytes)}");
    }

    private static void Print(ExecutionPlan plan, string given, TextWriter output)
    {
        output.WriteLine($"method         {Words.Of(plan.Method)}");
        output.WriteLine($"why            {plan.Reason}");
        output.WriteLine($"planned from   {given}");
        output.WriteLine($"tier           {Words.Of(plan.Tier)}");
        output.WriteLine($"features       {plan.Features}");
        output.WriteLine($"Fourier length {plan.FftLength}");

        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumn("method")
            .AddColumn("admissible")
            .AddColumn(new TableColumn("ms per head").RightAligned())
            .AddColumn(new TableColumn("working memory").RightAligned())
            .AddColumn("why");
        foreach (MethodCandidate candidate in plan.Candidates)
        {
            table.AddRow(
                Words.Of(candidate.Method),
                candidate.Admissible ? "yes" : "no",
                candidate.Admissible ? (candidate.SecondsPerHead * 1e3).ToString("0.000", CultureInfo.InvariantCulture) : "–",
                candidate.Admissible ? Mebibytes(candidate.WorkspaceBytes) : "–",
                Markup.Escape(candidate.Reason));
        }

        Terminal.Create(output).Write(table);
        output.WriteLine($"Estimates for one head on one core. Cost table: {MachineCosts.Current.Source}.");
    }

    private static string Mebibytes(long bytes) => FormattableString.Invariant($"{bytes / 1024.0 / 1024.0:0.00} MiB");
}
