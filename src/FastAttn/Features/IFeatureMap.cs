using FastAttn.Kernels;

namespace FastAttn.Features;

/// <summary>
/// A feature map φ on one row. A row comes as its projections w_a·x (or x itself for elementwise maps) and leaves as
/// φ(x)_a / exp(s), with s the row's own log-scale, so that the largest feature is about one whatever the input's size.
/// </summary>
internal unsafe interface IFeatureMap
{
    /// <summary>Whether the map reads projections rather than the row itself.</summary>
    static abstract bool Projects { get; }

    /// <summary>Whether features can be negative.</summary>
    static abstract bool IsSigned { get; }

    /// <summary>Features out per projection (or per entry).</summary>
    int FeaturesPerColumn { get; }

    /// <summary>Whether rows are scaled to length one unless the caller says otherwise.</summary>
    static abstract bool NormalizesByDefault { get; }

    /// <summary>Whether rows are features already.</summary>
    static virtual bool IsGiven => false;

    /// <summary>Whether the map rolls its entries ν times.</summary>
    static virtual bool Rolls => false;

    /// <summary>What the map makes of an epsilon.</summary>
    static virtual EpsilonUse Epsilon => EpsilonUse.None;

    /// <summary>The factor on un-normalised rows unless the caller says otherwise.</summary>
    static abstract double DefaultScale(int headDimension);

    /// <summary>A constant factor on the projection.</summary>
    static abstract double ProjectionFactor(int features);

    /// <summary>Maps rows in place and stores their log-scales s.</summary>
    void Map<TKernels>(in FeatureRows rows)
        where TKernels : struct, IRowKernels;

    /// <summary>
    /// Like <see cref="Map"/> for one row, but leaves ln φ(x)_a − s, which cannot underflow, and returns s; −∞ for features that are
    /// zero. Signed maps leave φ(x)_a / exp(s). The true row is <c>row · 2^exponent</c>.
    /// </summary>
    double MapLogarithm<TKernels>(float* row, int columns, int exponent, double halfSquaredNorm)
        where TKernels : struct, IRowKernels;
}
