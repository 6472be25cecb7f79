namespace FastAttn;

/// <summary>What a <see cref="RelativePosition"/> knows of its bias b_t, t = key position − query position.</summary>
public enum PositionKind
{
    /// <summary>Any number for every offset (Luo et al. 2021). Word: <c>dense</c>.</summary>
    Dense,

    /// <summary>Any number up to a distance, constant beyond it (Shaw et al. 2018). Word: <c>clipped</c>.</summary>
    Clipped,

    /// <summary>One number a bucket, buckets that widen with the distance (Raffel et al. 2020). Word: <c>t5</c>.</summary>
    T5,

    /// <summary><c>b_t = −slope·|t|</c> (Press et al. 2022). Word: <c>alibi</c>.</summary>
    Alibi,

    /// <summary><c>exp(b_t) = Σ weight·e^(−rate·|t|)</c>. Word: <c>exponentials</c>.</summary>
    Exponentials,

    /// <summary><c>b_t = −r₁·ln(1 + r₂·|t|)</c> (Chi et al. 2022). Word: <c>kerple_log</c>.</summary>
    KerpleLog,

    /// <summary><c>b_t = −a·|t|^p</c> (Chi et al. 2022). Word: <c>kerple_power</c>.</summary>
    KerplePower,

    /// <summary>Any number for every offset of rows and columns on a grid (Luo et al. 2021). Word: <c>grid</c>.</summary>
    Grid,
}
