using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using FastAttn.Cli.Npy;

namespace FastAttn.Cli.Commands;

/// <summary>
/// <c>--bias FILE.npy</c>, any relative position bias, or <c>--position KIND:PARAMETER:…</c>, one by a few parameters; each parameter is a
/// <c>.npy</c> file or numbers with commas between them, one number for all heads or one a head.
/// </summary>
internal sealed class PositionOption
{
    private const string Name = "--position";

    // Every kind with the parameters it takes, as help and errors show them.
    private static readonly Dictionary<PositionKind, string> Forms = new()
    {
        [PositionKind.Clipped] = "clipped:BIAS",
        [PositionKind.T5] = "t5:BIAS[:causal][:MAX_DISTANCE][:float32]",
        [PositionKind.Alibi] = "alibi:SLOPES",
        [PositionKind.Exponentials] = "exponentials:WEIGHTS:RATES",
        [PositionKind.KerpleLog] = "kerple_log:R1:R2",
        [PositionKind.KerplePower] = "kerple_power:A:P",
        [PositionKind.Grid] = "grid:BIAS:HEIGHT:WIDTH",
    };

    private readonly Option<string?> _option = new(Name)
    {
        Description =
            $"Relative positions by a few parameters, each a .npy file or numbers with commas between them: {string.Join(", ", Forms.Values)}. "
            + "Tables are [columns] or [H,columns], numbers one for all heads or one a head; causal: T5's buckets for earlier keys only; float32: their logarithm rounded as published code does.",
        HelpName = "KIND:PARAMETER",
    };

    private readonly Option<FileInfo> _bias = OptionTypes.ArrayFile("--bias", "Relative position bias, [n_q+n_k-1] or [H,n_q+n_k-1]; entry (j-i)+(n_q-1) belongs to query i and key j, -inf removes the pair.");

    /// <summary>Adds both options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="example">Of this group.</param>
    /// <param name="others">Options of the command that belong to this group.</param>
    public void AddTo(GroupedCommand command, string example, params Option[] others)
    {
        command.Add(new OptionGroup("Relative positions", example, [_bias, _option, .. others]));
        command.Validators.Add(result =>
        {
            if (result.GetResult(_bias) is not null && result.GetResult(_option) is not null) result.AddError($"{_bias.Name} and {Name} exclude each other");
        });
    }

    /// <summary>The name of the one that was given, if any.</summary>
    public string? Given(SymbolResult parsed) =>
        parsed.GetResult(_bias) is not null ? _bias.Name : parsed.GetResult(_option) is not null ? Name : null;

    /// <summary>The positions, or null when none were asked for.</summary>
    /// <exception cref="UsageException">The text is none of the forms, or a number in it is out of range.</exception>
    /// <exception cref="InputException">A file cannot be used.</exception>
    public RelativePosition? Read(ParseResult parsed, AttentionShape shape)
    {
        if (parsed.GetValue(_bias) is FileInfo file) return InputShapes.Position(NpyReader.ReadFloats(_bias.Name, file), shape);
        if (parsed.GetValue(_option) is not string text) return null;
        string[] parts = text.Split(':');
        PositionKind[] kinds = [.. Forms.Keys.Where(kind => Words.Of(kind) == parts[0])];
        if (kinds.Length == 0) throw new UsageException($"{Name}: got '{text}', expected one of {string.Join(", ", Forms.Values)}");
        try
        {
            return Make(kinds[0], parts[1..]) ?? throw new UsageException($"{Name}: got '{text}', expected {Forms[kinds[0]]}");
        }
        catch (ArgumentException refusal)
        {
            // The library names the parameter; the command line adds which option it came in.
            throw new UsageException($"{Name} {text}: {Failures.WithoutParameterSuffix(refusal.Message)}");
        }
    }

    /// <summary>A position, or null when the number of parameters is wrong.</summary>
    private static RelativePosition? Make(PositionKind kind, string[] parameters)
    {
        switch (kind, parameters)
        {
            case (PositionKind.Clipped, [string bias]):
                NpyArray<float> clipped = Values(bias, 2);
                return RelativePosition.Clipped(clipped.Values, Rows(clipped));
            case (PositionKind.T5, [string bias, .. string[] rest]):
                NpyArray<float> buckets = Values(bias, 2);
                return T5(buckets, rest);
            case (PositionKind.Alibi, [string slopes]):
                return RelativePosition.Alibi(Values(slopes, 1).Values);
            case (PositionKind.Exponentials, [string weights, string rates]):
                NpyArray<float> factors = Values(weights, 2), decays = Values(rates, 2);
                if (!factors.Shape.SequenceEqual(decays.Shape))
                    throw new ShapeException($"rates is {decays.ShapeText}; expected {factors.ShapeText}, the shape of weights", nameof(rates));
                return RelativePosition.Exponentials(factors.Values, decays.Values, Rows(factors));
            case (PositionKind.KerpleLog, [string r1, string r2]):
                return RelativePosition.KerpleLog(Values(r1, 1).Values, Values(r2, 1).Values);
            case (PositionKind.KerplePower, [string a, string p]):
                return RelativePosition.KerplePower(Values(a, 1).Values, Values(p, 1).Values);
            case (PositionKind.Grid, [string bias, string height, string width])
                when Whole(height) is int rows && Whole(width) is int columns:
                NpyArray<float> grid = Values(bias, 3);
                return RelativePosition.Grid(grid.Values, rows, columns, grid.Shape.Length == 3 ? grid.Shape[0] : 1);
            default:
                return null;
        }
    }

    private static T5Position? T5(NpyArray<float> bias, string[] rest)
    {
        bool causal = rest is ["causal", ..], rounds = rest is [.., "float32"];
        T5Rounding rounding = rounds ? T5Rounding.Float32 : T5Rounding.Exact;
        return rest[(causal ? 1 : 0)..^(rounds ? 1 : 0)] switch
        {
            [] => RelativePosition.T5(bias.Values, Rows(bias), !causal, rounding: rounding),
            [string distance] when Whole(distance) is int most => RelativePosition.T5(bias.Values, Rows(bias), !causal, most, rounding),
            _ => null,
        };
    }

    /// <summary>A parameter's numbers: typed ones are [count], those of a file have at most <paramref name="axes"/> axes.</summary>
    private static NpyArray<float> Values(string text, int axes)
    {
        if (Numbers(text) is float[] typed) return new NpyArray<float>([typed.Length], typed);
        NpyInput<float> file = NpyReader.ReadFloats(Name, new FileInfo(text.Length > 0 ? text : throw new UsageException($"{Name}: got an empty parameter, expected a .npy file or numbers")));
        return file.Array.Shape.Length >= 1 && file.Array.Shape.Length <= axes && !file.Array.Shape.Contains(0)
            ? file.Array
            : throw file.WrongShape(axes switch { 1 => "[H] or [1]", 2 => "[columns] or [H,columns]", _ => "[2·height-1,2·width-1] or [H,2·height-1,2·width-1]" });
    }

    private static float[]? Numbers(string text)
    {
        string[] parts = text.Split(',');
        float[] numbers = new float[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!float.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i])) return null;
        }

        return numbers;
    }

    private static int? Whole(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null;

    private static int Rows(NpyArray<float> table) => table.Shape.Length == 2 ? table.Shape[0] : 1;
}
