namespace FastAttn;

/// <summary>How the logarithm that gives a distance its T5 bucket is rounded. The two differ only where a distance lies within a rounding of a boundary.</summary>
public enum T5Rounding
{
    /// <summary>Not at all: the definition's bucket in exact arithmetic. Word: <c>exact</c>.</summary>
    Exact,

    /// <summary>
    /// After every step, to float32, as published code does it: quotient, logarithm, division, product. With 32 buckets and maxDistance 128 that is the
    /// same bucket for every distance. Word: <c>float32</c>.
    /// </summary>
    Float32,
}
