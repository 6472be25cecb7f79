namespace FastAttn;

/// <summary>Choices of softmax attention.</summary>
public sealed record SoftmaxAttentionOptions
{
    /// <summary>Factor on q·k. Default d^(−1/2). Finite, above zero.</summary>
    public float? Scale { get; init; }

    /// <summary>Whether query i sees only keys up to position <c>QueryOffset + i</c>. Default false.</summary>
    public bool Causal { get; init; }

    /// <inheritdoc cref="KernelizedAttentionOptions.QueryOffset"/>
    public int? QueryOffset { get; init; }

    /// <inheritdoc cref="KernelizedAttentionOptions.QueryOffsets"/>
    public int[]? QueryOffsets { get; init; }

    /// <inheritdoc cref="KernelizedAttentionOptions.Threads"/>
    public int? Threads { get; init; }
}
