namespace FastAttn.Positions;

/// <summary>The numbers of a relative position, as coefficients are made of them.</summary>
internal interface IBiases
{
    /// <summary>1 when all heads share one bias, else one bias a head.</summary>
    int Heads { get; }

    /// <summary>Where tokens stand on the line whose offsets t name.</summary>
    TokenLayout Layout { get; }

    /// <summary>Whether t counts from the query's position p + i; otherwise it is j − i.</summary>
    bool FollowsQueryOffset { get; }

    /// <summary>The biases b_t of consecutive t, in float64.</summary>
    void Biases(int head, long first, Span<double> biases);

    /// <summary>The terms that exp(b_t) is exactly the sum of; null when it is not known to be one.</summary>
    IReadOnlyList<ExponentialTerm>? ExponentialTerms(int head);
}
