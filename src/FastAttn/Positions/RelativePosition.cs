namespace FastAttn;

/// <summary>
/// A relative position bias, validated and prepared once; plans share it. Immutable and thread-safe.
/// </summary>
public sealed class RelativePosition
{
    /// <summary>Queries n_q it was made for.</summary>
    public int QueryLength { get; }

    /// <summary>Keys n_k it was made for.</summary>
    public int KeyLength { get; }

    /// <summary>1 when all heads share one bias, else one bias a head.</summary>
    public int Heads { get; }

    /// <summary>
    /// Any bias: <c>[heads, n_q + n_k − 1]</c>, entry <c>(j − i) + (n_q − 1)</c> belongs to query i and key j.
    /// −∞ removes the pair; NaN and +∞ are errors.
    /// </summary>
    public static RelativePosition Dense(ReadOnlySpan<float> bias, int queryLength, int keyLength, int heads = 1) =>
        throw new NotSupportedException();
}
