using System.CommandLine;
using System.CommandLine.Parsing;

namespace FastAttn.Cli.Commands;

/// <summary><c>--op</c>, the options that belong to some operations only, and the system they make.</summary>
internal sealed class SystemOptions
{
    private static readonly SkyformerOptions Skyformer = new();

    private readonly Option<Operation?> _operation = OptionTypes.Word("--op", "What to compute. kernelized is another function than softmax: for models that were trained with it.", Operation.Kernelized);
    private readonly Option<float?> _scale = OptionTypes.Number("--scale", "softmax: factor on q·k. Default: d^(-1/2).");
    private readonly Option<int?> _landmarks = OptionTypes.WholeNumber("--landmarks", $"skyformer: how many landmarks. Default: {Skyformer.Landmarks}.");
    private readonly Option<int[]?> _landmarkIndices = OptionTypes.WholeNumbers("--landmark-indices", "skyformer: the landmarks themselves, rows of [Q;K].");
    private readonly Option<SkyformerInverse?> _inverse = OptionTypes.Word("--inverse", "skyformer: how the landmarks' kernel matrix is inverted.", Skyformer.Inverse);
    private readonly Option<LandmarkSampling?> _sampling = OptionTypes.Word("--sampling", "skyformer: how landmarks are drawn, over all rows of [Q;K], half of each, or the halves with repeats.", Skyformer.Sampling);
    private readonly Option<SchoenbatKernel?> _kernel = OptionTypes.Word("--kernel", "schoenbat: the dot-product kernel.", SchoenbatKernel.Exp);
    private readonly Option<int?> _exactDegrees = OptionTypes.WholeNumber("--exact-degrees", "schoenbat: the highest degree of the series that is exact, 0 to 2. Default: 0.");
    private readonly Option<bool> _literal = new("--literal") { Description = "schoenbat: draw degree 0 like the others, as the paper's text has it." };
    private readonly Option<float?> _gamma = OptionTypes.Number("--gamma", $"skyformer: what is added to the diagonal, default {Skyformer.Gamma}. schoenbat: factor on every output entry.");
    private readonly Option<float?> _beta = OptionTypes.Number("--beta", "schoenbat: exponent of every output entry.");

    private readonly Option<float?> _floor = OptionTypes.Number("--denominator-floor", "schoenbat: denominators below it become it; above 0, 1 in the authors' code. Default: none.");

    /// <summary>Every option that some operations refuse, by name, with the operations that take it.</summary>
    private static readonly Dictionary<string, Operation[]> TakenBy = new()
    {
        ["--q"] = AllBut(Operation.FastRpb),
        ["--k"] = AllBut(Operation.FastRpb),
        ["--bias"] = AllBut(Operation.Skyformer, Operation.FastRpb),
        ["--position"] = AllBut(Operation.Skyformer, Operation.FastRpb),
        ["--causal"] = AllBut(Operation.Skyformer),
        ["--query-offset"] = AllBut(Operation.Skyformer, Operation.FastRpb),
        ["--feature-map"] = [Operation.Kernelized],
        ["--features"] = [Operation.Kernelized, Operation.Schoenbat],
        ["--nu"] = [Operation.Kernelized],
        ["--feature-epsilon"] = [Operation.Kernelized],
        ["--projection"] = [Operation.Kernelized],
        ["--projection-kind"] = [Operation.Kernelized],
        ["--normalize"] = [Operation.Kernelized],
        ["--no-normalize"] = [Operation.Kernelized],
        ["--qk-scale"] = [Operation.Kernelized],
        ["--tolerance"] = [Operation.Kernelized, Operation.Schoenbat],
        ["--method"] = [Operation.Kernelized, Operation.Schoenbat],
        ["--seed"] = [Operation.Kernelized, Operation.Skyformer, Operation.Schoenbat],
        ["--scale"] = [Operation.Softmax],
        ["--landmarks"] = [Operation.Skyformer],
        ["--landmark-indices"] = [Operation.Skyformer],
        ["--inverse"] = [Operation.Skyformer],
        ["--sampling"] = [Operation.Skyformer],
        ["--kernel"] = [Operation.Schoenbat],
        ["--exact-degrees"] = [Operation.Schoenbat],
        ["--literal"] = [Operation.Schoenbat],
        ["--gamma"] = [Operation.Skyformer, Operation.Schoenbat],
        ["--beta"] = [Operation.Schoenbat],
        ["--denominator-floor"] = [Operation.Schoenbat],
    };

    /// <summary>What chooses the operation: the first option of the command.</summary>
    public Option Choice => _operation;

    /// <summary>Adds the options that belong to some operations only.</summary>
    /// <param name="command">The command.</param>
    /// <param name="rest">What an example of this command has besides.</param>
    public void AddTo(GroupedCommand command, string rest)
    {
        command.Add(new OptionGroup("Softmax attention", $"--op softmax --scale 1 {rest}", _scale));
        command.Add(new OptionGroup("Skyformer; --gamma is also for schoenbat", $"--op skyformer --landmarks 128 --sampling halves {rest}", _landmarks, _landmarkIndices, _inverse, _sampling, _gamma));
        command.Add(new OptionGroup("SchoenbAt", $"--op schoenbat --kernel inv --exact-degrees 1 {rest}", _kernel, _exactDegrees, _literal, _beta, _floor));
        command.Validators.Add(RefuseOptionsOfOtherOperations);
    }

    /// <summary>What to compute.</summary>
    public Operation Chosen(ParseResult parsed) => parsed.GetValue(_operation) ?? Operation.Kernelized;

    /// <summary>The same while the command line is still being checked; null for a word that will be refused.</summary>
    public Operation? Chosen(SymbolResult parsed)
    {
        if (parsed.GetResult(_operation) is not { Tokens: [.., Token last] }) return Operation.Kernelized;
        foreach (Operation operation in Enum.GetValues<Operation>())
        {
            if (Words.Of(operation) == last.Value) return operation;
        }

        return null;
    }

    /// <summary>The attention asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="kernelized">The options as kernelized attention has them; others take those they share.</param>
    /// <param name="position">Relative positions, or null.</param>
    public AttentionSystem Create(ParseResult parsed, AttentionShape shape, KernelizedAttentionOptions kernelized, RelativePosition? position) => Chosen(parsed) switch
    {
        Operation.Softmax => new SoftmaxAttention(
            shape,
            new SoftmaxAttentionOptions
            {
                Scale = parsed.GetValue(_scale),
                Causal = kernelized.Causal,
                QueryOffset = kernelized.QueryOffset,
                QueryOffsets = kernelized.QueryOffsets,
                Threads = kernelized.Threads,
            },
            position),
        Operation.Gaussian => new GaussianAttention(
            shape,
            new GaussianAttentionOptions
            {
                Causal = kernelized.Causal,
                QueryOffset = kernelized.QueryOffset,
                QueryOffsets = kernelized.QueryOffsets,
                Threads = kernelized.Threads,
            },
            position),
        Operation.Skyformer => new SkyformerAttention(
            shape,
            new SkyformerOptions
            {
                Landmarks = parsed.GetValue(_landmarks) ?? Skyformer.Landmarks,
                LandmarkIndices = parsed.GetValue(_landmarkIndices) is { Length: > 0 } indices ? indices : null,
                Gamma = parsed.GetValue(_gamma) ?? Skyformer.Gamma,
                Inverse = parsed.GetValue(_inverse) ?? Skyformer.Inverse,
                Sampling = parsed.GetValue(_sampling) ?? Skyformer.Sampling,
                Seed = kernelized.Seed,
                Threads = kernelized.Threads,
            }),
        Operation.Schoenbat => new SchoenbatAttention(
            shape,
            new SchoenbatOptions
            {
                Kernel = parsed.GetValue(_kernel),
                Features = kernelized.Features,
                ExactDegrees = parsed.GetValue(_exactDegrees),
                Literal = parsed.GetValue(_literal) ? true : null,
                Gamma = parsed.GetValue(_gamma) is float gamma ? [gamma] : null,
                Beta = parsed.GetValue(_beta) is float beta ? [beta] : null,
                DenominatorFloor = parsed.GetValue(_floor),
                Causal = kernelized.Causal,
                QueryOffset = kernelized.QueryOffset,
                QueryOffsets = kernelized.QueryOffsets,
                Seed = kernelized.Seed,
                Tolerance = kernelized.Tolerance,
                Method = kernelized.Method,
                Threads = kernelized.Threads,
            },
            position),
        Operation.Kernelized => new KernelizedAttention(shape, kernelized, position),
        Operation.FastRpb => throw new InvalidOperationException("FastRPB alone is no attention"),
    };

    private static Operation[] AllBut(params Operation[] others) => [.. Enum.GetValues<Operation>().Except(others)];

    private void RefuseOptionsOfOtherOperations(CommandResult result)
    {
        if (Chosen(result) is not Operation operation) return;
        foreach (OptionResult given in result.Children.OfType<OptionResult>().Where(option => !option.Implicit))
        {
            if (TakenBy.TryGetValue(given.Option.Name, out Operation[]? takers) && !takers.Contains(operation))
                result.AddError($"{given.Option.Name} is not an option of --op {Words.Of(operation)}, only of {string.Join(", ", takers.Select(taker => Words.Of(taker)))}");
        }
    }
}
