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
    private readonly Option<bool> _noPositions = new("--no-positions") { Description = "Plan for attention without a relative position bias." };
    private readonly PositionOption _position = new();
    private readonly AttentionOptions _attention = new("64");

    public static Command Create() => new ExplainCommand().Build();

    private Command Build()
    {
        _length.Required = true;
        Command command = new("explain", "Print the method that would run, why, and the estimated cost of each method.")
        {
            _length, _keyLength, _batch, _heads, _headDimension, _valueDimension, _noPositions,
        };
        _position.AddTo(command);
        _attention.AddTo(command);
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
        KernelizedAttentionOptions options = _attention.Read(parsed);
        ExecutionPlan plan = _position.Read(parsed, shape) is RelativePosition position
            ? ExecutionPlan.Create(shape, options, position)
            : ExecutionPlan.Create(shape, options, hasPosition: !parsed.GetValue(_noPositions));
        Print(plan, parsed.InvocationConfiguration.Output);
    }

    private static void Print(ExecutionPlan plan, TextWriter output)
    {
        output.WriteLine($"method         {Words.Of(plan.Method)}");
        output.WriteLine($"why            {plan.Reason}");
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
                candidate.Admissible ? $"{candidate.WorkspaceBytes / 1024.0 / 1024.0:0.00} MiB" : "–",
                Markup.Escape(candidate.Reason));
        }

        Terminal.Create(output).Write(table);
        output.WriteLine($"Estimates for one head on one core. Cost table: {MachineCosts.Current.Source}.");
    }
}
