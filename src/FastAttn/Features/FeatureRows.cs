namespace FastAttn.Features;

/// <summary>Projected rows that become features in place.</summary>
/// <param name="data">The rows, <paramref name="stride"/> floats apart, padded to whole vectors.</param>
/// <param name="stride">Floats between rows.</param>
/// <param name="count">How many rows.</param>
/// <param name="columns">Projections (or entries) of a row.</param>
/// <param name="exponents">One a row: the true row is <c>row · 2^exponent</c>; rows too large for float32 arithmetic come scaled down.</param>
/// <param name="halfSquaredNorms">One a row: ½‖x‖² of what was projected.</param>
/// <param name="logScales">One a row: receives the log-scale s.</param>
internal readonly unsafe struct FeatureRows(
    float* data, int stride, int count, int columns, int* exponents, double* halfSquaredNorms, double* logScales)
{
    public int Stride => stride;

    public int Count => count;

    public int Columns => columns;

    public int* Exponents => exponents;

    public double* HalfSquaredNorms => halfSquaredNorms;

    public double* LogScales => logScales;

    public float* Row(int row) => data + ((long)row * stride);
}
