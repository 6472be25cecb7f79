using System.CommandLine;
using System.CommandLine.Parsing;
using FastAttn.Cli.Npy;

namespace FastAttn.Cli.Commands;

/// <summary><c>--fast-rpb WEIGHTS.npy</c> and what goes with it: weights by offset whose W V is added to any attention, or computed alone.</summary>
internal sealed class FastRpbOption
{
    private readonly Option<FileInfo> _weights = OptionTypes.ArrayFile("--fast-rpb", "FastRPB weights, [2n-1] or [H,2n-1]; entry (i-j)+(n-1) multiplies value j in row i; the result is added. With --fast-rpb-grid those of its rows.");
    private readonly Option<FileInfo> _horizontal = OptionTypes.ArrayFile("--fast-rpb-columns", "FastRPB weights of a grid's columns, [2·width-1] or [H,2·width-1]. Default: those of its rows, on a square.");
    private readonly Option<int[]?> _grid = OptionTypes.WholeNumbers("--fast-rpb-grid", "Height and width of the image whose tokens the rows are.");
    private readonly Option<bool> _symmetric = new("--fast-rpb-symmetric") { Description = "FastRPB weights are by distance, [n] or [H,n]." };
    private readonly Option<int?> _prefix = OptionTypes.WholeNumber("--fast-rpb-prefix", "Special tokens before the others. FastRPB leaves them out. Default: 0.");
    private readonly Option<int?> _suffix = OptionTypes.WholeNumber("--fast-rpb-suffix", "Special tokens after the others. Default: 0.");

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(GroupedCommand command)
    {
        command.Add(new OptionGroup(
            "FastRPB, added to any attention, or alone with --op fast_rpb",
            "--op fast_rpb --fast-rpb w.npy --v v.npy --output z.npy",
            _weights, _horizontal, _grid, _symmetric, _prefix, _suffix));
        command.Validators.Add(result =>
        {
            OptionResult? alone = result.Children.OfType<OptionResult>().FirstOrDefault(option => !option.Implicit && option.Option.Name.StartsWith("--fast-rpb-", StringComparison.Ordinal));
            if (!IsGiven(result) && alone is not null) result.AddError($"{alone.Option.Name} is given without {_weights.Name}");
            else if (result.GetResult(_horizontal) is not null && result.GetResult(_grid) is null) result.AddError($"{_horizontal.Name} is given without {_grid.Name}");
        });
    }

    /// <summary>Whether weights were given.</summary>
    public bool IsGiven(SymbolResult parsed) => parsed.GetResult(_weights) is not null;

    /// <summary>The weights for as many rows as the values have, or null when none were given.</summary>
    /// <exception cref="InputException">A file cannot be used.</exception>
    public FastRpb? Read(ParseResult parsed, int rows, bool causal)
    {
        if (parsed.GetValue(_weights) is not FileInfo file) return null;
        NpyInput<float> weights = NpyReader.ReadFloats(_weights.Name, file);
        var options = new FastRpbOptions
        {
            Symmetric = parsed.GetValue(_symmetric),
            Causal = causal,
            Prefix = parsed.GetValue(_prefix) ?? 0,
            Suffix = parsed.GetValue(_suffix) ?? 0,
        };
        if (Math.Min(options.Prefix, options.Suffix) < 0 || (long)options.Prefix + options.Suffix > rows)
            throw new UsageException($"{_prefix.Name} {options.Prefix}, {_suffix.Name} {options.Suffix}: expected at least 0 each, together at most {rows}, the rows of the values");
        int tokens = rows - options.Prefix - options.Suffix;
        if (parsed.GetValue(_grid) is not { Length: > 0 } sides)
            return new FastRpb(weights.Array.Values, tokens, options with { Heads = Heads(weights, tokens, options) });

        if (sides is not [int height and > 0, int width and > 0] || (long)height * width != tokens)
            throw new UsageException($"{_grid.Name}: got {string.Join(',', sides)}, expected a height and a width of {tokens} tokens, the rows of the values that are not special");
        NpyInput<float> horizontal = parsed.GetValue(_horizontal) is FileInfo second ? NpyReader.ReadFloats(_horizontal.Name, second) : weights;
        int heads = Heads(weights, height, options);
        if (Heads(horizontal, width, options) != heads) throw horizontal.WrongShape($"as many heads as {weights.Name}, {heads}");
        return FastRpb.Grid(weights.Array.Values, horizontal.Array.Values, height, width, options with { Heads = heads });
    }

    private static int Heads(NpyInput<float> weights, int tokens, FastRpbOptions options)
    {
        int[] extents = weights.Array.Shape;
        int each = options.Symmetric ? tokens : Math.Max((2 * tokens) - 1, 0);
        bool fits = extents.Length is 1 or 2 && extents[^1] == each && (extents.Length == 1 || extents[0] >= 1);
        return fits ? extents.Length == 2 ? extents[0] : 1 : throw weights.WrongShape($"[{each}] or [H,{each}] for {tokens} tokens that are not special");
    }
}
