using FastAttn.Positions;

namespace FastAttn;

/// <summary>
/// A relative position bias, validated once and shared by any number of plans: what a plan derives from it (exponentials,
/// spectra) is kept here and made only once. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// Query i stands at position p + i, key j at position j. The bias of the pair is b_t with t = j − (p + i), where p is
/// <see cref="KernelizedAttentionOptions.QueryOffset"/>. <see cref="Dense"/> and <see cref="Grid(ReadOnlySpan{float}, int, int, int)"/> are made for their own numbers of
/// queries and keys, and take tokens where they are, whatever p is. All other kinds fit any number of queries and keys. Each method that makes a position
/// returns the kind's own class, from which its parameters can be read.
/// </remarks>
public abstract class RelativePosition : IBiases
{
    /// <summary>Problems whose prepared positions are kept; plans keep theirs for as long as they live.</summary>
    private const int Remembered = 8;

    private readonly Lock _gate = new();
    private readonly List<(PositionExtent Extent, PreparedPosition Prepared)> _prepared = [];

    private protected RelativePosition(int heads) => Heads = heads;

    /// <summary>Which kind it is.</summary>
    public abstract PositionKind Kind { get; }

    /// <summary>1 when all heads share one bias, else one bias a head.</summary>
    public int Heads { get; }

    /// <summary>
    /// Any bias: entry <c>(j − i) + (n_q − 1)</c> belongs to query i and key j (Luo et al. 2021, eq. 10). −∞ removes the pair.
    /// The values are copied; O(heads · (n_q + n_k)).
    /// </summary>
    /// <param name="bias"><c>[heads, n_q + n_k − 1]</c>; finite or −∞.</param>
    /// <param name="queryLength">Queries n_q, at least 0.</param>
    /// <param name="keyLength">Keys n_k, at least 0; with neither queries nor keys there are no values.</param>
    /// <param name="heads">1 when all heads share it.</param>
    /// <exception cref="ShapeException">The number of values is not heads × (n_q + n_k − 1).</exception>
    /// <exception cref="ArgumentException">A value is NaN or +∞.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A length is below 0 or the number of heads is below 1.</exception>
    public static DensePosition Dense(ReadOnlySpan<float> bias, int queryLength, int keyLength, int heads = 1) =>
        new(bias, queryLength, keyLength, heads);

    /// <summary>
    /// Positions on a grid, for images: queries and keys are the tokens of <paramref name="height"/> rows of <paramref name="width"/>,
    /// row by row, and entry <c>(Δy + height − 1, Δx + width − 1)</c> belongs to a key Δy rows below and Δx columns right of the query.
    /// −∞ removes the pair. A grid has no order, so it cannot be causal. The values are copied; O(heads · height · width).
    /// </summary>
    /// <param name="bias"><c>[heads, 2·height − 1, 2·width − 1]</c>; finite or −∞. A Swin table is another: see <see cref="GridPosition.FromSwin"/>.</param>
    /// <param name="height">Rows of the grid, at least 1.</param>
    /// <param name="width">Columns of the grid, at least 1.</param>
    /// <param name="heads">1 when all heads share it.</param>
    /// <exception cref="ShapeException">The number of values is not heads × (2·height − 1) × (2·width − 1).</exception>
    /// <exception cref="ArgumentException">A value is NaN or +∞.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A side or the number of heads is below 1.</exception>
    public static GridPosition Grid(ReadOnlySpan<float> bias, int height, int width, int heads = 1) => new(bias, height, width, heads, null);

    /// <summary>
    /// Positions on a grid with special tokens before and after its own, such as a class token, which have biases of their own. Queries and keys are
    /// <see cref="SpecialTokens.Prefix"/> special tokens, the tokens of the grid row by row, and <see cref="SpecialTokens.Suffix"/> special tokens.
    /// </summary>
    /// <param name="bias"><c>[heads, 2·height − 1, 2·width − 1]</c>, of the grid alone; finite or −∞.</param>
    /// <param name="height">Rows of the grid, at least 1.</param>
    /// <param name="width">Columns of the grid, at least 1.</param>
    /// <param name="special">The special tokens; copied.</param>
    /// <param name="heads">1 when all heads share the biases.</param>
    /// <exception cref="ShapeException">An array has another number of values than its shape.</exception>
    /// <exception cref="ArgumentException">A value is NaN or +∞.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A side or the number of heads is below 1, or there are fewer than 0 or more than 1024 special tokens.</exception>
    public static GridPosition Grid(ReadOnlySpan<float> bias, int height, int width, SpecialTokens special, int heads = 1)
    {
        ArgumentNullException.ThrowIfNull(special);
        return new(bias, height, width, heads, special);
    }

    /// <summary>
    /// A bias that is constant from a distance K on: <c>b_t = bias[clamp(t, −K, K) + K]</c> (Shaw, Uszkoreit and Vaswani 2018). −∞ removes
    /// the pair. The values are copied.
    /// </summary>
    /// <param name="bias"><c>[heads, 2K + 1]</c>, K ≥ 0; finite or −∞. K follows from the number of values.</param>
    /// <param name="heads">1 when all heads share it.</param>
    /// <exception cref="ShapeException">The number of values is not heads times an odd number.</exception>
    /// <exception cref="ArgumentException">A value is NaN or +∞.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number of heads is below 1.</exception>
    public static ClippedPosition Clipped(ReadOnlySpan<float> bias, int heads = 1) => new(bias, heads);

    /// <summary>
    /// One bias a bucket, by the public definition of T5 (Raffel et al. 2020): half of a side's buckets hold one distance each, the
    /// others widen logarithmically up to <paramref name="maxDistance"/>, and the last one holds everything beyond. −∞ removes
    /// the pair. The values are copied.
    /// </summary>
    /// <remarks>
    /// Bidirectional: keys at or before the query (t ≤ 0) use the first half of the buckets, later keys the second. Otherwise all buckets
    /// are for t ≤ 0, and later keys share bucket 0. Bucket boundaries are those of exact arithmetic unless <paramref name="rounding"/> says otherwise: with 32 buckets and maxDistance 128 b is
    /// constant from |t| = 91 on when bidirectional and from 113 on when not.
    /// </remarks>
    /// <param name="bias">
    /// <c>[heads, buckets]</c>, finite or −∞; published checkpoints hold the transpose, see <see cref="T5Position.FromCheckpoint"/>. Buckets: even and at least 4 when bidirectional, else at least 2.
    /// </param>
    /// <param name="heads">1 when all heads share it.</param>
    /// <param name="bidirectional">Whether earlier and later keys have buckets of their own.</param>
    /// <param name="maxDistance">Distance that the logarithmic buckets reach to; above the number of buckets that hold one distance each.</param>
    /// <exception cref="ShapeException">The number of values is not heads times a number of buckets that is allowed.</exception>
    /// <exception cref="ArgumentException">A value is NaN or +∞.</exception>
    /// <param name="rounding">How the logarithm that gives a distance its bucket is rounded.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of heads is below 1, maxDistance is too small, or a choice is none of its values.</exception>
    public static T5Position T5(
        ReadOnlySpan<float> bias, int heads = 1, bool bidirectional = true, int maxDistance = 128, T5Rounding rounding = T5Rounding.Exact) =>
        new(bias, heads, bidirectional, maxDistance, rounding);

    /// <summary>
    /// A bias that falls linearly with the distance: <c>b_t = −slope·|t|</c> (ALiBi: Press, Smith and Lewis 2022). The values are copied.
    /// </summary>
    /// <param name="slopes"><c>[heads]</c>, finite and at least 0; one slope is shared by all heads. <see cref="AlibiSlopes"/> gives the published ones.</param>
    /// <exception cref="ShapeException">There is no slope.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A slope is negative or not finite.</exception>
    public static AlibiPosition Alibi(ReadOnlySpan<float> slopes) => new(slopes);

    /// <summary>
    /// The slopes of ALiBi as its authors give them (Press, Smith and Lewis 2022): for a power of two 2^(−8/heads), its square, and so on; otherwise those of
    /// the next lower power of two, and after them every other one of twice that many heads.
    /// </summary>
    /// <param name="heads">Heads, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of heads is below 1.</exception>
    public static float[] AlibiSlopes(int heads) => AlibiPosition.PublishedSlopes(heads);

    /// <summary>
    /// Coefficients that are a sum of exponentials: <c>exp(b_t) = Σ_r weight_r · e^(−rate_r·|t|)</c>. One term is the decay of retention
    /// (Sun et al. 2023) or of ALiBi, a rate of 0 adds a constant. The values are copied.
    /// </summary>
    /// <param name="weights"><c>[heads, terms]</c>, finite and above 0.</param>
    /// <param name="rates"><c>[heads, terms]</c>, finite and at least 0.</param>
    /// <param name="heads">1 when all heads share it.</param>
    /// <exception cref="ShapeException">The numbers of values differ, or are not heads times at least one.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number of heads is below 1, a weight is not above 0, a rate is negative, or a value is not finite.</exception>
    public static ExponentialsPosition Exponentials(ReadOnlySpan<float> weights, ReadOnlySpan<float> rates, int heads = 1) =>
        new(weights, rates, heads);

    /// <summary>
    /// A bias that falls with the logarithm of the distance: <c>b_t = −r₁·ln(1 + r₂·|t|)</c> (KERPLE: Chi et al. 2022). The values are copied.
    /// </summary>
    /// <param name="r1"><c>[heads]</c>, finite and above 0; one is shared by all heads.</param>
    /// <param name="r2"><c>[heads]</c>, finite and above 0; one is shared by all heads.</param>
    /// <exception cref="ShapeException">The numbers of values differ and neither is 1, or one is 0.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is not finite or not above 0.</exception>
    public static KerpleLogPosition KerpleLog(ReadOnlySpan<float> r1, ReadOnlySpan<float> r2) => new(r1, r2);

    /// <summary>
    /// A bias that falls with a power of the distance: <c>b_t = −a·|t|^p</c> (KERPLE: Chi et al. 2022). The values are copied.
    /// </summary>
    /// <param name="a"><c>[heads]</c>, finite and above 0; one is shared by all heads.</param>
    /// <param name="p"><c>[heads]</c>, above 0 and at most 2; one is shared by all heads.</param>
    /// <exception cref="ShapeException">The numbers of values differ and neither is 1, or one is 0.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is not finite or out of its range.</exception>
    public static KerplePowerPosition KerplePower(ReadOnlySpan<float> a, ReadOnlySpan<float> p) => new(a, p);

    /// <summary>What methods read for a problem's sizes, made when first asked for.</summary>
    internal PreparedPosition Prepare(PositionExtent extent)
    {
        if (!FollowsQueryOffset) extent = extent with { QueryOffset = 0 };
        lock (_gate)
        {
            int known = _prepared.FindIndex(entry => entry.Extent == extent);
            PreparedPosition prepared = known < 0 ? new PreparedPosition(this, extent) : _prepared[known].Prepared;
            if (known >= 0) _prepared.RemoveAt(known);
            else if (_prepared.Count == Remembered) _prepared.RemoveAt(0);
            _prepared.Add((extent, prepared));
            return prepared;
        }
    }

    /// <summary>Where tokens stand on the line whose offsets t name.</summary>
    internal virtual TokenLayout Layout => TokenLayout.Line;

    /// <summary>Whether t counts from the query's position p + i; otherwise it is j − i.</summary>
    internal virtual bool FollowsQueryOffset => true;

    /// <summary>The biases b_t of consecutive t, in float64.</summary>
    internal abstract void Biases(int head, long first, Span<double> biases);

    /// <summary>The terms that exp(b_t) is exactly the sum of; null when it is not known to be one.</summary>
    internal virtual IReadOnlyList<ExponentialTerm>? ExponentialTerms(int head) => null;

    TokenLayout IBiases.Layout => Layout;

    bool IBiases.FollowsQueryOffset => FollowsQueryOffset;

    void IBiases.Biases(int head, long first, Span<double> biases) => Biases(head, first, biases);

    IReadOnlyList<ExponentialTerm>? IBiases.ExponentialTerms(int head) => ExponentialTerms(head);

    /// <summary>Refuses a problem that it was not made for.</summary>
    internal void CheckProblem(AttentionShape shape, bool causal, string name)
    {
        CheckLengths(shape.QueryLength, shape.KeyLength, name);
        if (Heads != 1 && Heads != shape.Heads)
        {
            string transposed = EntriesPerHead == shape.Heads ? Invariant($", and {EntriesPerHead} entries of each; {TransposedQuestion}") : "";
            throw new ShapeException(Invariant($"{name} has {Heads} heads; expected 1 or {shape.Heads}{transposed}"), name);
        }

        if (causal && !Layout.IsLine)
            throw new ArgumentException("Causal is true for positions on a grid; expected false, a grid has no order", nameof(KernelizedAttentionOptions.Causal));
    }

    /// <summary>What an error asks that meets a table which would fit the other way round.</summary>
    private protected const string TransposedQuestion = "is the table transposed? One row a head is expected";

    /// <summary>Columns of a table with one row a head; 0 for parameters that are no table.</summary>
    private protected virtual int EntriesPerHead => 0;

    /// <summary>The parameter of a head; one is for all.</summary>
    private protected static float OfHead(float[] values, int head) => values[values.Length == 1 ? 0 : head];

    private protected virtual void CheckLengths(int queryLength, int keyLength, string name)
    {
    }
}
