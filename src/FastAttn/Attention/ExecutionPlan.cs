using System.Globalization;
using System.Text;
using FastAttn.Attention;
using FastAttn.Kernels;
using FastAttn.Planning;
using FastAttn.Positions;

namespace FastAttn;

/// <summary>Which method will run and why: the planner's answer as data. Immutable.</summary>
public sealed class ExecutionPlan
{
    private readonly MethodChoice _choice;

    internal ExecutionPlan(MethodSettings settings, MethodChoice choice)
    {
        _choice = choice;
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

    /// <summary>Every method, cheapest admissible first; none where there is nothing to compute.</summary>
    public IReadOnlyList<MethodCandidate> Candidates => _choice.Candidates;

    /// <summary>
    /// Plans without the numbers of a bias, O(1); for the first sequence where each has its own query offset. The other overload reads the numbers, and so knows
    /// more: how many pairs have a coefficient that is not zero, whether there is structure, whether the bias is too steep for the Fourier method.
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
    /// <exception cref="ArgumentException">As of the other overload.</exception>
    public static ExecutionPlan Create(AttentionShape shape, KernelizedAttentionOptions? options, RelativePosition position)
    {
        ArgumentNullException.ThrowIfNull(position);
        MethodSettings settings = new KernelizedAttentionSettings(shape, options ?? new KernelizedAttentionOptions()).ForMethod;
        position.CheckProblem(shape, options?.Causal ?? false, nameof(position));
        if (shape.IsEmpty) return new(settings, MethodChoice.Empty(settings));
        PositionExtent extent = settings.Extents[0];
        return new(settings, MethodChoice.Of(settings, PositionProfile.Of(shape, position.Prepare(extent), extent.LargestOffset, settings.Allowance)));
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

    private static ExecutionPlan ForAnyBias(MethodSettings settings, bool hasPosition) => new(settings, settings.Shape.IsEmpty ? MethodChoice.Empty(settings)
        : MethodChoice.Of(settings, PositionProfile.Even(settings.Shape, settings.Extents[0].LargestOffset, hasPosition)));
}
