namespace FastAttn.Positions;

/// <summary>
/// The biases of a problem whose queries and keys have changed places: that of (i, j) is the other's of (j, i), so <c>b_t</c> becomes <c>b_−t</c>.
/// Gradients of keys and values are sums over queries, with these.
/// </summary>
internal sealed class TransposedBiases(IBiases biases) : IBiases
{
    public int Heads => biases.Heads;

    public TokenLayout Layout => biases.Layout;

    public bool FollowsQueryOffset => biases.FollowsQueryOffset;

    public void Biases(int head, long first, Span<double> values)
    {
        // Special tokens have offsets of their own beyond those of places.
        int places = Layout.Specials == 0 ? values.Length : (int)Math.Clamp(Layout.FirstSpecialOffset - first, 0, values.Length);
        if (places > 0) biases.Biases(head, 1 - first - places, values[..places]);
        values[..places].Reverse();
        for (int index = places; index < values.Length; index++) biases.Biases(head, Layout.TransposedSpecial((int)(first + index)), values.Slice(index, 1));
    }

    // Stated exponentials fall with the distance alike on both sides.
    public IReadOnlyList<ExponentialTerm>? ExponentialTerms(int head) => biases.ExponentialTerms(head);
}
