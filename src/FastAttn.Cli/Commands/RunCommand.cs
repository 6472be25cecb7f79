using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using FastAttn.Cli.Npy;

namespace FastAttn.Cli.Commands;

/// <summary><c>fastattn run</c>: an attention, or FastRPB alone, from <c>.npy</c> files to a <c>.npy</c> file.</summary>
internal sealed class RunCommand
{
    private readonly Option<FileInfo> _query = OptionTypes.ArrayFile("--q", "Query, [n,d], [H,n,d] or [B,H,n,d], float16, float32 or float64.");
    private readonly Option<FileInfo> _key = OptionTypes.ArrayFile("--k", "Key, same axes; its heads may be fewer if they divide the query's.");
    private readonly Option<FileInfo> _value = OptionTypes.ArrayFile("--v", "Value, same axes, heads and rows as key; any number of columns.");
    private readonly Option<FileInfo> _output = OptionTypes.ArrayFile("--output", "Where the result goes, with the axes of the query.", "-o");
    private readonly Option<NpyType?> _outputType = OptionTypes.Word("--output-type", "Numbers of the result; arithmetic is float32 in any case.", NpyType.Float32);
    private readonly Option<FileInfo> _projection = OptionTypes.ArrayFile("--projection", "Rows of the random projection, [m,d] or [H,m,d], instead of drawn ones.");
    private readonly Option<FileInfo> _keyMask = OptionTypes.ArrayFile("--key-mask", "[n_k] or [B,n_k], perhaps [B,1,n_k] or [B,1,1,n_k]: bool or 0 and 1, 1 = attend; or floats, 0 = attend, -inf = leave out.");
    private readonly Option<int[]?> _lengths = OptionTypes.WholeNumbers("--lengths", "Keys kept from the front, one number a sequence.");
    private readonly Option<ProjectionKind?> _projectionKind = OptionTypes.Word("--projection-kind", "How the projection is drawn.", new KernelizedAttentionOptions().ProjectionKind);
    private readonly Option<ulong?> _seed = OptionTypes.Seed("--seed", "Seed of what is drawn: the projection, landmarks or random features. Default: 0.");
    private readonly Option<bool> _normalize = new("--normalize") { Description = "Scale query and key rows to length one. Default for prf and trf." };
    private readonly Option<bool> _noNormalize = new("--no-normalize") { Description = "Take query and key rows as they are, times --qk-scale. Default for the other maps." };
    private readonly Option<float?> _qkScale = OptionTypes.Number("--qk-scale", "Factor on un-normalised query and key. Default: d^(-1/4) for prf, trf and relu, else 1.");
    private readonly PositionOption _position = new();
    private readonly SystemOptions _system = new();
    private readonly FastRpbOption _fastRpb = new();
    private readonly AttentionOptions _attention = new("as many as --projection has rows, else 64; schoenbat: 128");

    public static Command Create() => new RunCommand().Build();

    private Command Build()
    {
        const string files = "--q q.npy --k k.npy --v v.npy --output z.npy";
        GroupedCommand command = new("run", "Compute an attention with relative positions, FastRPB added or alone: .npy files in, a .npy file out.");
        command.Add(new OptionGroup("What to compute, from which files", $"--op softmax {files}", _system.Choice, _query, _key, _value, _output, _outputType));
        command.Add(new OptionGroup("Keys that are left out", $"{files} --lengths 40,64", _keyMask, _lengths));
        _attention.AddCommonTo(command, $"--op softmax --causal {files}");
        _position.AddTo(command, $"--op softmax --position alibi:0.5,0.25 {files}");
        _attention.AddTo(command, $"--feature-map prf --features 128 --seed 7 {files}", _projection, _projectionKind, _seed, _normalize, _noNormalize, _qkScale);
        _system.AddTo(command, files);
        _fastRpb.AddTo(command);
        command.Validators.Add(RequireFiles);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_normalize) && result.GetValue(_noNormalize)) result.AddError("--normalize and --no-normalize exclude each other");
        });
        command.SetAction(Run);
        return command;
    }

    /// <summary>FastRPB alone reads values and weights, everything else query, key and value.</summary>
    private void RequireFiles(CommandResult result)
    {
        // An unknown word has an error of its own.
        if (_system.Chosen(result) is not Operation operation) return;
        bool alone = operation == Operation.FastRpb;
        foreach (Option<FileInfo> file in (Option<FileInfo>[])[_query, _key, _value, _output])
        {
            if (result.GetResult(file) is null && !(alone && (file == _query || file == _key)))
                result.AddError($"Option '{file.Name}' is required.");
        }

        if (alone && !_fastRpb.IsGiven(result)) result.AddError("Option '--fast-rpb' is required.");
    }

    private void Run(ParseResult parsed)
    {
        FileInfo output = parsed.GetRequiredValue(_output);
        OutputFile.RefuseInput(parsed, _output);
        OutputFile.Check(_output.Name, output);
        if (_system.Chosen(parsed) == Operation.FastRpb) RunAlone(parsed, output);
        else RunAttention(parsed, output);
    }

    private void RunAttention(ParseResult parsed, FileInfo output)
    {
        NpyInput<float> query = Read(parsed, _query);
        NpyInput<float> key = Read(parsed, _key);
        NpyInput<float> value = Read(parsed, _value);
        AttentionShape shape = InputShapes.Attention(query, key, value);
        RandomProjection? projection = ReadIfGiven(parsed, _projection) is { } rows ? InputShapes.Projection(rows, shape) : null;
        RelativePosition? position = _position.Read(parsed, shape);
        bool[]? keyMask = ReadMask(parsed) is { } mask ? InputShapes.KeyMask(mask, shape) : null;
        KernelizedAttentionOptions choices = _attention.Read(parsed);
        KernelizedAttentionOptions options = choices with
        {
            Projection = projection,
            ProjectionKind = parsed.GetValue(_projectionKind) ?? choices.ProjectionKind,
            Seed = parsed.GetValue(_seed) ?? choices.Seed,
            Normalize = parsed.GetValue(_normalize) ? true : parsed.GetValue(_noNormalize) ? false : null,
            QkScale = parsed.GetValue(_qkScale),
        };
        FastRpb? rpb = _fastRpb.Read(parsed, shape.KeyLength, options.Causal);
        if (rpb is not null) InputShapes.CheckFastRpb(rpb, value, shape);

        using AttentionSystem attention = _system.Create(parsed, shape, options, position);
        NpyArray<float> result = InputShapes.Result(query, shape);
        int[]? lengths = parsed.GetValue(_lengths);
        Stopwatch watch = Stopwatch.StartNew();
        ForwardReport report = attention.Forward(query.Array.Values, key.Array.Values, value.Array.Values, result.Values, keyMask, lengths);
        rpb?.AddTo(shape, value.Array.Values, result.Values, keyMask, lengths, options.Threads);
        watch.Stop();

        OutputFile.Write(_output.Name, output, stream => NpyWriter.Write(stream, result, parsed.GetValue(_outputType) ?? NpyType.Float32));
        // The others have one way to be computed and no rows to repair.
        string how = _system.Chosen(parsed) is Operation.Kernelized or Operation.Schoenbat
            ? $"method {Words.Of(report.Method)}, {report.RepairedRows} of {(long)shape.Batch * shape.Heads * shape.QueryLength} rows repaired, "
                + $"{report.FallbackHeads} heads fell back to direct, "
            : "";
        Tell(parsed, output, result, how, watch);
    }

    private void RunAlone(ParseResult parsed, FileInfo output)
    {
        NpyInput<float> value = Read(parsed, _value);
        KernelizedAttentionOptions choices = _attention.Read(parsed);
        AttentionShape shape = InputShapes.Values(value);
        FastRpb rpb = _fastRpb.Read(parsed, shape.KeyLength, choices.Causal)!;
        shape = InputShapes.WithHeadsOf(rpb, value, shape);
        bool[]? keyMask = ReadMask(parsed) is { } mask ? InputShapes.KeyMask(mask, shape) : null;
        NpyArray<float> result = InputShapes.ResultOfValues(value, shape);
        Stopwatch watch = Stopwatch.StartNew();
        rpb.Forward(shape, value.Array.Values, result.Values, keyMask, parsed.GetValue(_lengths), choices.Threads);
        watch.Stop();

        OutputFile.Write(_output.Name, output, stream => NpyWriter.Write(stream, result, parsed.GetValue(_outputType) ?? NpyType.Float32));
        Tell(parsed, output, result, "", watch);
    }

    private static void Tell(ParseResult parsed, FileInfo output, NpyArray<float> result, string how, Stopwatch watch) =>
        parsed.InvocationConfiguration.Output.WriteLine(
            $"{output}: {result.ShapeText}, {how}tier {Words.Of(FastAttnInfo.Tier)}, {watch.Elapsed.TotalMilliseconds:0.0} ms");

    private static NpyInput<float> Read(ParseResult parsed, Option<FileInfo> option) =>
        NpyReader.ReadFloats(option.Name, parsed.GetRequiredValue(option));

    private static NpyInput<float>? ReadIfGiven(ParseResult parsed, Option<FileInfo> option) =>
        parsed.GetValue(option) is FileInfo file ? NpyReader.ReadFloats(option.Name, file) : null;

    private NpyInput<bool>? ReadMask(ParseResult parsed) =>
        parsed.GetValue(_keyMask) is FileInfo file ? NpyReader.ReadMask(_keyMask.Name, file) : null;
}
