using System.Globalization;
using System.Text;
using FastAttn.Attention;
using FastAttn.Kernels;
using FastAttn.Methods;
using FastAttn.Planning;
using FastAttn.Positions;

namespace FastAttn;

/// <summary>Which method will run and why: the planner's answer as data. Immutable.</summary>
public sealed class ExecutionPlan
{
    private readonly MethodChoice _choice;

    private readonly Lazy<IReadOnlyList<MethodCandidate>> _candidates;

    /// <param name="settings">The problem.</param>
    /// <param name="choice">What was chosen, among what.</param>
    /// <param name="measure">Bytes that a method works in; asked when somebody looks at the candidates.</param>
    internal ExecutionPlan(MethodSettings settings, MethodChoice choice, Func<Method, long> measure)
    {
        _choice = choice;
        _candidates = new(() =>
            [.. choice.Candidates.Select(weighed => new MethodCandidate(weighed.Method, weighed.Admissible, weighed.Reason, weighed.Seconds, weighed.Admissible ? measure(weighed.Method) : 0))]);
        Shape = settings.Shape;
        Features = settings.Features;
    }

    /// <summary>The sizes planned for.</summary>
    public AttentionShape Shape { get; }

    /// <summary>The method that will run.</summary>
    public Method Method => _choice.Method;

    /// <summary>The instruction tier of the kernels.</summary>
    public InstructionTier Tier => Tiers.Current;

    /// <summary>Why, in one sentence.</summary>
    public string Reason => _choice.Reason;

    /// <summary>Features that come out of the map: m, 2m for TRF, d for elementwise maps.</summary>
    public int Features { get; }

    /// <summary>
    /// Length of the Fourier transforms that the FFT method uses or would use; 0 when the sequence is too long for it. The sequence may have up to 64 tokens
    /// more than that; their pairs are summed directly.
    /// </summary>
    public int FftLength => _choice.FftLength;

    /// <summary>Every method, cheapest admissible first; none where there is nothing to compute. Their working memory is measured when this is first asked for.</summary>
    public IReadOnlyList<MethodCandidate> Candidates => _candidates.Value;

    /// <summary>
    /// Plans without the numbers of a bias, O(1), and O(n) when somebody first looks at the candidates; for the first sequence where each has its own query offset. The other overload reads the numbers, and so knows
    /// more: how many pairs have a coefficient that is not zero, whether there is structure, whether the bias is too steep for the Fourier method.
    /// </summary>
    /// <param name="shape">The sizes.</param>
    /// <param name="options">The choices; default options when null.</param>
    /// <param name="hasPosition">Whether a relative position bias will be given.</param>
    /// <exception cref="ArgumentException">A size or a choice is out of range, contradicts another, or forces a method that cannot compute the problem.</exception>
    public static ExecutionPlan Create(AttentionShape shape, KernelizedAttentionOptions? options = null, bool hasPosition = true)
    {
        options ??= new KernelizedAttentionOptions();
        var settings = new KernelizedAttentionSettings(shape, options);
        MethodSettings choices = settings.ForMethod;
        if (shape.IsEmpty) return Empty(choices);
        PositionExtent extent = choices.Extents[0];
        PlanningProblem problem = choices.ProblemOfSizes(extent, hasPosition);

        // Of a line, memory depends on the lengths alone: one pair's coefficient stands for all, which may be hundreds of millions.
        return new(
            choices, MethodChoice.Of(choices.Method, problem),
            method => settings.SystemOf(options).MeasureWorkspace(method, problem, new PreparedPosition(null, new PositionExtent(1, 1, 0, 0))));
    }

    /// <summary>The plan that an attention with these positions has; prepares them, O(heads · (n_q + n_k)), for that attention too.</summary>
    /// <param name="shape">The sizes.</param>
    /// <param name="options">The choices; default options when null.</param>
    /// <param name="position">The positions.</param>
    /// <exception cref="ShapeException">Sizes contradict each other or the position.</exception>
    /// <exception cref="ArgumentException">As of the other overload.</exception>
    public static ExecutionPlan Create(AttentionShape shape, KernelizedAttentionOptions? options, RelativePosition position)
    {
        ArgumentNullException.ThrowIfNull(position);
        options ??= new KernelizedAttentionOptions();
        var settings = new KernelizedAttentionSettings(shape, options);
        position.CheckProblem(shape, options.Causal, nameof(position));
        return shape.IsEmpty ? Empty(settings.ForMethod) : settings.SystemOf(options).Prepare(settings.Extents[0], position).Plan;
    }

    /// <summary>The plan as a few lines of text.</summary>
    public string Explain()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Words.Of(Method)} on {Words.Of(Tier)}: {Reason}");
        foreach (MethodCandidate candidate in Candidates)
        {
            text.Append('\n').Append(CultureInfo.InvariantCulture, $"  {Words.Of(candidate.Method),-10}");
            if (candidate.Admissible)
                text.Append(CultureInfo.InvariantCulture, $"{candidate.SecondsPerHead * 1e3,9:0.000} ms and {candidate.WorkspaceBytes / 1048576.0:0.0} MiB a head, {candidate.Reason}");
            else
                text.Append(CultureInfo.InvariantCulture, $"not admissible: {candidate.Reason}");
        }

        return text.ToString();
    }

    internal static ExecutionPlan Empty(MethodSettings settings) => new(settings, MethodChoice.Empty(settings), _ => 0);
}
