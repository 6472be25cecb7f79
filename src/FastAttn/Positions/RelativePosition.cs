using FastAttn.Positions;

namespace FastAttn;

/// <summary>
/// A relative position bias, validated and prepared once and shared by any number of plans: what a plan derives from it
/// (exponentials, spectra) is kept here and made only once. Immutable and thread-safe.
/// </summary>
public sealed class RelativePosition
{
    private readonly float[] _bias;
    private readonly Lock _gate = new();
    private readonly Dictionary<int, PreparedPosition> _prepared = [];
    private readonly TokenLayout _layout;

    private RelativePosition(float[] bias, int queryLength, int keyLength, int heads, TokenLayout layout)
    {
        _layout = layout;
        _bias = bias;
        QueryLength = queryLength;
        KeyLength = keyLength;
        Heads = heads;
    }

    /// <summary>Queries n_q it was made for.</summary>
    public int QueryLength { get; }

    /// <summary>Keys n_k it was made for.</summary>
    public int KeyLength { get; }

    /// <summary>1 when all heads share one bias, else one bias a head.</summary>
    public int Heads { get; }

    /// <summary>
    /// Any bias: entry <c>(j − i) + (n_q − 1)</c> belongs to query i and key j (Luo et al. 2021, eq. 10). −∞ removes the pair.
    /// The values are copied; O(heads · (n_q + n_k)).
    /// </summary>
    /// <param name="bias"><c>[heads, n_q + n_k − 1]</c>; finite or −∞.</param>
    /// <param name="queryLength">Queries n_q, at least 1.</param>
    /// <param name="keyLength">Keys n_k, at least 1.</param>
    /// <param name="heads">1 when all heads share it.</param>
    /// <exception cref="ShapeException">The number of values is not heads × (n_q + n_k − 1).</exception>
    /// <exception cref="ArgumentException">A value is NaN or +∞.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A length or the number of heads is below 1.</exception>
    public static RelativePosition Dense(ReadOnlySpan<float> bias, int queryLength, int keyLength, int heads = 1)
    {
        ArgumentCheck.AtLeastOne(queryLength);
        ArgumentCheck.AtLeastOne(keyLength);
        ArgumentCheck.AtLeastOne(heads);
        long offsets = (long)queryLength + keyLength - 1;
        if (bias.Length != heads * offsets)
            throw new ShapeException($"bias has {bias.Length} values; expected heads × (n_q + n_k − 1) = {heads} × {offsets} = {heads * offsets}", nameof(bias));
        ArgumentCheck.BiasValues(bias);
        return new RelativePosition(bias.ToArray(), queryLength, keyLength, heads, TokenLayout.Line);
    }

    /// <summary>
    /// Positions on a grid, for images: queries and keys are the tokens of <paramref name="height"/> rows of <paramref name="width"/>,
    /// row by row, and entry <c>(Δy + height − 1, Δx + width − 1)</c> belongs to a key Δy rows below and Δx columns right of the query.
    /// −∞ removes the pair. A grid has no order, so it cannot be causal. The values are copied; O(heads · height · width).
    /// </summary>
    /// <param name="bias"><c>[heads, 2·height − 1, 2·width − 1]</c>; finite or −∞.</param>
    /// <param name="height">Rows of the grid, at least 1.</param>
    /// <param name="width">Columns of the grid, at least 1.</param>
    /// <param name="heads">1 when all heads share it.</param>
    /// <exception cref="ShapeException">The number of values is not heads × (2·height − 1) × (2·width − 1).</exception>
    /// <exception cref="ArgumentException">A value is NaN or +∞.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A side or the number of heads is below 1.</exception>
    public static RelativePosition Grid(ReadOnlySpan<float> bias, int height, int width, int heads = 1)
    {
        ArgumentCheck.AtLeastOne(height);
        ArgumentCheck.AtLeastOne(width);
        ArgumentCheck.AtLeastOne(heads);
        Int128 values = (Int128)heads * ((2L * height) - 1) * ((2L * width) - 1);
        if (bias.Length != values)
            throw new ShapeException($"bias has {bias.Length} values; expected heads × (2·height − 1) × (2·width − 1) = {heads} × {(2L * height) - 1} × {(2L * width) - 1} = {values}", nameof(bias));
        ArgumentCheck.BiasValues(bias);
        return new RelativePosition(bias.ToArray(), height * width, height * width, heads, TokenLayout.Grid(height, width));
    }

    /// <summary>Whether tokens stand on a grid of more than one row and column, which has no order that causality could follow.</summary>
    internal bool IsGrid => !_layout.IsLine;

    /// <summary>What methods read, for offsets up to <paramref name="largestOffset"/>.</summary>
    internal PreparedPosition Prepare(int largestOffset)
    {
        lock (_gate)
        {
            if (!_prepared.TryGetValue(largestOffset, out PreparedPosition? prepared))
            {
                // The table row by row is the array of coefficients by offset between places.
                int last = _layout.Place(KeyLength - 1);
                prepared = new PreparedPosition(
                    _bias, Heads, _layout.Place(QueryLength - 1) + 1, last + 1, _layout.IsLine ? largestOffset : last, _layout);
                _prepared.Add(largestOffset, prepared);
            }

            return prepared;
        }
    }
}
