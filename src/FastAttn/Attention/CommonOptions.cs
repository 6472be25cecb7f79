namespace FastAttn;

/// <summary>Choices that mean the same for every attention, for programs that pick one by name; everything else stays at each one's default.</summary>
public sealed record CommonOptions
{
    /// <summary>Features of a row, or landmarks. Default: each one's own. The exact attentions refuse it.</summary>
    public int? Budget { get; init; }

    /// <summary>Whether query i sees only keys up to position <c>QueryOffset + i</c>; Skyformer refuses it. Default false.</summary>
    public bool Causal { get; init; }

    /// <inheritdoc cref="KernelizedAttentionOptions.QueryOffset"/>
    public int? QueryOffset { get; init; }

    /// <inheritdoc cref="KernelizedAttentionOptions.QueryOffsets"/>
    public int[]? QueryOffsets { get; init; }

    /// <summary>Seed of what is drawn. Default 0; the exact attentions draw nothing.</summary>
    public ulong Seed { get; init; }

    /// <inheritdoc cref="KernelizedAttentionOptions.Threads"/>
    public int? Threads { get; init; }
}
