using System.Globalization;
using System.Text;
using FastAttn.Attention;
using FastAttn.Kernels;
using FastAttn.Planning;

namespace FastAttn;

/// <summary>Which method will run and why: the planner's answer as data. Immutable.</summary>
public sealed class ExecutionPlan
{
    private ExecutionPlan(
        AttentionShape shape, Method method, string reason, int features, int fftLength, IReadOnlyList<MethodCandidate> candidates)
    {
        Shape = shape;
        Method = method;
        Reason = reason;
        Features = features;
        FftLength = fftLength;
        Candidates = candidates;
    }

    /// <summary>The sizes planned for.</summary>
    public AttentionShape Shape { get; }

    /// <summary>The method that will run.</summary>
    public Method Method { get; }

    /// <summary>The instruction tier of the kernels.</summary>
    public InstructionTier Tier => Tiers.Current;

    /// <summary>Why, in one sentence.</summary>
    public string Reason { get; }

    /// <summary>Features that come out of the map: m, 2m for TRF, d for elementwise maps.</summary>
    public int Features { get; }

    /// <summary>
    /// Length of the Fourier transforms the FFT method uses or would use; 0 when the sequence is too long for it. Up to 64 tokens may
    /// stand beyond it, whose pairs are summed directly.
    /// </summary>
    public int FftLength { get; }

    /// <summary>Every method, cheapest admissible first; none where there is nothing to compute.</summary>
    public IReadOnlyList<MethodCandidate> Candidates { get; }

    /// <summary>
    /// Plans from sizes alone, O(1); for the first sequence where each has its own query offset. A plan for a bias at hand knows more: it counts the pairs whose coefficient is not zero, and
    /// sees when the bias is too steep for the Fourier method.
    /// </summary>
    /// <param name="shape">The sizes.</param>
    /// <param name="options">The choices; default options when null.</param>
    /// <param name="hasPosition">Whether a relative position bias will be given.</param>
    /// <exception cref="ArgumentException">A size or a choice is out of range, contradicts another, or forces a method that cannot compute the problem.</exception>
    public static ExecutionPlan Create(AttentionShape shape, KernelizedAttentionOptions? options = null, bool hasPosition = true) =>
        ForAnyBias(new KernelizedAttentionSettings(shape, options ?? new KernelizedAttentionOptions()).ForMethod, hasPosition);

    /// <summary>The plan that an attention with these positions has; prepares them, O(heads · (n_q + n_k)), for that attention too.</summary>
    /// <param name="shape">The sizes.</param>
    /// <param name="options">The choices; default options when null.</param>
    /// <param name="position">The positions.</param>
    /// <exception cref="ShapeException">Sizes contradict each other or the position.</exception>
    /// <exception cref="ArgumentException">As from sizes alone.</exception>
    public static ExecutionPlan Create(AttentionShape shape, KernelizedAttentionOptions? options, RelativePosition position)
    {
        ArgumentNullException.ThrowIfNull(position);
        MethodSettings settings = new KernelizedAttentionSettings(shape, options ?? new KernelizedAttentionOptions()).ForMethod;
        position.CheckProblem(shape, options?.Causal ?? false, nameof(position));
        if (shape.IsEmpty) return Empty(settings);
        return Create(settings, PositionProfile.Of(shape, position.Prepare(settings.Extents[0]), settings.Extents[0].LargestOffset, settings.Allowance));
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

    internal static ExecutionPlan Create(MethodSettings settings, PositionProfile positions)
    {
        var planner = new Planner(
            settings.Shape, settings.Features, positions, MachineCosts.Current.Table);
        IReadOnlyList<MethodCandidate> candidates = planner.Candidates();
        (MethodCandidate chosen, string reason) = settings.Method == Method.Auto ? Cheapest(candidates) : Forced(candidates, settings.Method);
        return new ExecutionPlan(settings.Shape, chosen.Method, reason, settings.Features, planner.FftLength(), candidates);
    }

    /// <summary>The plan where no query meets a key: the method asked for, which has nothing to do.</summary>
    internal static ExecutionPlan Empty(MethodSettings settings)
    {
        AttentionShape shape = settings.Shape;
        string reason = $"nothing to compute, there are no {(shape.Batch == 0 ? "sequences" : shape.QueryLength == 0 ? "queries" : "keys")}";
        return new ExecutionPlan(shape, settings.Method == Method.Auto ? Method.Direct : settings.Method, reason, settings.Features, 0, []);
    }

    private static ExecutionPlan ForAnyBias(MethodSettings settings, bool hasPosition) => settings.Shape.IsEmpty ? Empty(settings) :
        Create(settings, PositionProfile.Even(settings.Shape, settings.Extents[0].LargestOffset, hasPosition));

    private static (MethodCandidate Chosen, string Reason) Cheapest(IReadOnlyList<MethodCandidate> candidates)
    {
        MethodCandidate best = candidates[0], next = candidates[1];
        string reason = next.Admissible
            ? Invariant($"cheapest by the cost table, {next.SecondsPerHead / best.SecondsPerHead:0.0}× faster than {Words.Of(next.Method)}")
            : "the only admissible method";
        return (best, reason);
    }

    private static (MethodCandidate Chosen, string Reason) Forced(IReadOnlyList<MethodCandidate> candidates, Method method)
    {
        MethodCandidate chosen = candidates.First(candidate => candidate.Method == method);
        if (!chosen.Admissible)
            throw new ArgumentException(
                Invariant($"Method is {Words.Of(method)}; expected one that can compute this problem ({Words.Of(method)}: {chosen.Reason})"), nameof(KernelizedAttentionOptions.Method));
        return (chosen, "forced by the caller");
    }
}
