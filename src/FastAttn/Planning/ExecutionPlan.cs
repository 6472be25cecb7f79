namespace FastAttn;

/// <summary>Which method will run and why: the planner's answer as data.</summary>
public sealed class ExecutionPlan
{
    internal ExecutionPlan(
        AttentionShape shape, Method method, InstructionTier tier, string reason, int features, int fftLength,
        IReadOnlyList<MethodCandidate> candidates)
    {
        Shape = shape;
        Method = method;
        Tier = tier;
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
    public InstructionTier Tier { get; }

    /// <summary>Why, in one sentence.</summary>
    public string Reason { get; }

    /// <summary>Features that come out of the map: m, 2m for TRF, d for elementwise maps.</summary>
    public int Features { get; }

    /// <summary>Length of the Fourier transforms the FFT method uses or would use.</summary>
    public int FftLength { get; }

    /// <summary>Every method, cheapest admissible first.</summary>
    public IReadOnlyList<MethodCandidate> Candidates { get; }

    /// <summary>Plans without preparing anything.</summary>
    /// <param name="shape">The sizes.</param>
    /// <param name="options">The choices; default options when null.</param>
    /// <param name="hasPosition">Whether a relative position bias will be given.</param>
    public static ExecutionPlan Create(AttentionShape shape, KernelizedAttentionOptions? options = null, bool hasPosition = true) =>
        throw new NotSupportedException();

    /// <summary>The plan as a few lines of text.</summary>
    public string Explain() => throw new NotSupportedException();
}
