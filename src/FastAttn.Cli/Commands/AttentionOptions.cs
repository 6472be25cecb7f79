using System.CommandLine;

namespace FastAttn.Cli.Commands;

/// <summary>The options that choose an attention, the same words in <c>run</c> and <c>explain</c>.</summary>
/// <param name="features">How many features there are when <c>--features</c> does not say.</param>
internal sealed class AttentionOptions(string features)
{
    private static readonly KernelizedAttentionOptions Defaults = new();

    private readonly Option<FeatureMap?> _featureMap = OptionTypes.Word("--feature-map", "The feature map.", Defaults.FeatureMap);
    private readonly Option<int?> _features = OptionTypes.WholeNumber("--features", $"Features of a row: trf makes twice as many; elu, sikf, dpfp and given have their own. Default: {features}.");
    private readonly Option<int?> _nu = OptionTypes.WholeNumber("--nu", $"Rolls of dpfp, which makes 2·d·ν features. Default: {Defaults.Nu}.");
    private readonly Option<float?> _epsilon = OptionTypes.Number("--feature-epsilon", "Added to every feature of prf or relu, for models trained so; above 0. Default: none for prf, 1e-3 for relu.");
    private readonly Option<bool> _signedFeatures = new("--signed-features") { Description = "Let features of --feature-map given be negative." };
    private readonly Option<bool> _causal = new("--causal") { Description = "Let query i see keys up to its own position only." };
    private readonly Option<int[]?> _queryOffset = OptionTypes.WholeNumbers("--query-offset", "Position of query 0 among the keys, one number for all sequences or one a sequence, with --causal or --position. Default: with --causal the queries are the last ones, else 0.");
    private readonly Option<float?> _tolerance = OptionTypes.Number("--tolerance", $"Largest error of any row, as a share of the largest value row it sees, 1e-6 to 0.1. Default: {Defaults.Tolerance}.");
    private readonly Option<Method?> _method = OptionTypes.Word("--method", "The method, if not the planner's choice.", Defaults.Method);
    private readonly Option<int?> _threads = OptionTypes.WholeNumber("--threads", "Threads. Default: FASTATTN_THREADS, else all cores this process may use. Never changes a bit of the result.");

    /// <summary>Adds what every attention takes.</summary>
    public void AddCommonTo(GroupedCommand command, string example) => command.Add(new OptionGroup("Which keys a query sees, and threads", example, _causal, _queryOffset, _threads));

    /// <summary>Adds what kernelized attention takes, some of it also SchoenbAt.</summary>
    /// <param name="command">The command.</param>
    /// <param name="example">Of this group.</param>
    /// <param name="others">Options of the command that belong to this group.</param>
    public void AddTo(GroupedCommand command, string example, params Option[] others) => command.Add(new OptionGroup(
        "Kernelized attention; --features, --tolerance and --method are also for schoenbat",
        example,
        [_featureMap, _features, .. others, _nu, _epsilon, _signedFeatures, _tolerance, _method]));

    /// <summary>The choices made.</summary>
    public KernelizedAttentionOptions Read(ParseResult parsed) => new()
    {
        FeatureMap = parsed.GetValue(_featureMap) ?? Defaults.FeatureMap,
        Features = parsed.GetValue(_features),
        Nu = parsed.GetValue(_nu) ?? Defaults.Nu,
        FeatureEpsilon = parsed.GetValue(_epsilon),
        SignedFeatures = parsed.GetValue(_signedFeatures),
        Causal = parsed.GetValue(_causal),
        QueryOffset = parsed.GetValue(_queryOffset) is [int offset] ? offset : null,
        QueryOffsets = parsed.GetValue(_queryOffset) is { Length: > 1 } offsets ? offsets : null,
        Tolerance = parsed.GetValue(_tolerance) ?? Defaults.Tolerance,
        Method = parsed.GetValue(_method) ?? Defaults.Method,
        Threads = parsed.GetValue(_threads),
    };
}
