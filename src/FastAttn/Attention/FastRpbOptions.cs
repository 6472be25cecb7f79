namespace FastAttn;

/// <summary>Choices of <see cref="FastRpb"/>; the defaults are one full vector of weights for all heads and no special tokens.</summary>
public sealed record FastRpbOptions
{
    /// <summary>Vectors of weights, at least 1: one a head, or one for all. Default 1.</summary>
    public int Heads { get; init; } = 1;

    /// <summary>Whether weights are given by distance, <c>[n]</c>, rather than by offset, <c>[2n − 1]</c>. Default false.</summary>
    public bool Symmetric { get; init; }

    /// <summary>Whether row i takes values of rows j ≤ i only. Weights of the others, though finite, are then taken as zero. Not for grids. Default false.</summary>
    public bool Causal { get; init; }

    /// <summary>Special tokens before the others (BOS, CLS): they give nothing and receive nothing. At least 0, default 0.</summary>
    public int Prefix { get; init; }

    /// <summary>Special tokens after the others (EOS). At least 0, default 0.</summary>
    public int Suffix { get; init; }
}
