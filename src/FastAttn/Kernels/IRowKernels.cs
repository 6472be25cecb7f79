namespace FastAttn.Kernels;

/// <summary>
/// Elementwise work on rows of float32, emitted per instruction set by the generator. Any count ≥ 0 unless said otherwise,
/// no alignment, never a read or write past the end. Sums use a fixed order per instruction set.
/// </summary>
internal unsafe interface IRowKernels
{
    /// <summary>The largest element, or −∞ for an empty row. NaN never comes in.</summary>
    static abstract float Max(float* x, int count);

    /// <summary>True when every element is finite.</summary>
    static abstract bool AllFinite(float* x, int count);

    /// <summary><c>x[i] ← exp(x[i] − shift)</c>, at most 2 ulp from exact over all finite float32, with gradual underflow.</summary>
    static abstract void ExpShifted(float* x, int count, float shift);

    /// <summary>
    /// <c>x[r, c] ← exp(x[r, c] − largest[r])</c> with largest[r] the maximum of row r, which is stored; accurate as
    /// <see cref="ExpShifted"/>. Rows are whole vectors: what the last one holds past <paramref name="columns"/> becomes zero.
    /// </summary>
    /// <param name="x"><c>[rows, columns]</c>, finite, rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Floats between rows.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns, at least one.</param>
    /// <param name="largest"><c>[rows]</c>.</param>
    static abstract void ExpRelative(float* x, nint stride, int rows, int columns, float* largest);

    /// <summary>
    /// <c>x[r, c] ← 2^(x[r, c] − largest[r])</c>, otherwise as <see cref="ExpRelative"/>: at most 2 ulp from exact, and what is below
    /// the smallest normal number is at most that number from exact.
    /// </summary>
    static abstract void Exp2Relative(float* x, nint stride, int rows, int columns, float* largest);

    /// <summary><c>largest[r]</c> becomes the largest x[r, c], in whole vectors: what the last one holds past <paramref name="columns"/> counts.</summary>
    /// <param name="x"><c>[rows, columns]</c>, finite, rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Floats between rows.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns, at least one.</param>
    /// <param name="largest"><c>[rows]</c>.</param>
    static abstract void MaxRows(float* x, nint stride, int rows, int columns, float* largest);

    /// <summary><c>x[r, c] ← (max(x[r, c], 0) + floor) · rowFactors[r]</c>, in whole vectors: reads and writes as far as the last one reaches.</summary>
    static abstract void ReluRows(float* x, nint stride, int rows, int columns, float floor, float* rowFactors);

    /// <summary>
    /// <c>x[r, columns + c] ← cos(2π·x[r, c])</c> and <c>x[r, c] ← sin(2π·x[r, c])</c>, at most 2 ulp from exact over all finite float32.
    /// Angles are read as far as their last vector reaches, which may hold anything; nothing past 2·columns is written.
    /// </summary>
    /// <param name="x"><c>[rows, 2·columns]</c>, rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Floats between rows.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Angles of a row.</param>
    static abstract void SineCosine(float* x, nint stride, int rows, int columns);

    /// <summary><c>x[i] ← x[i] + 1</c> where x[i] ≥ 0, else <c>exp(x[i])</c>: the elu + 1 map.</summary>
    static abstract void EluPlusOne(float* x, int count);

    /// <summary><c>x[i] ← max(x[i], 0) + floor</c>.</summary>
    static abstract void ReluPlus(float* x, int count, float floor);

    /// <summary><c>y[i] ← x[i] · factor</c>; y may be x.</summary>
    static abstract void Scale(float* x, float* y, int count, float factor);

    /// <summary>Σ x[i]·y[i].</summary>
    static abstract float Dot(float* x, float* y, int count);

    /// <summary><c>first[i] += x[i]² · a</c> and <c>second[i] += x[i]² · b</c>.</summary>
    static abstract void AccumulateSquares(float* x, int count, float a, float b, float* first, float* second);

    /// <summary>Σ over i of <c>exp(x[i] + y[i] − shift)</c>.</summary>
    static abstract float SumExpOfSum(float* x, float* y, int count, float shift);

    /// <summary>max over i of <c>x[i] + y[i]</c>, −∞ for an empty row.</summary>
    static abstract float MaxOfSum(float* x, float* y, int count);

    /// <summary><c>y[i] += a · x[i]</c>.</summary>
    static abstract void AddScaled(float* x, float* y, int count, float a);

    /// <summary>
    /// <c>y[r, i] = Π x[r, start of s + i]</c> over the segments s that have more than i elements. A row of x is its segments, one after
    /// the other, none longer than the one before. y is written in whole vectors, zero past its end; x is read as far as its last
    /// vector reaches, and what stands there must be finite. largest[r] becomes the largest |y[r, i]|.
    /// </summary>
    /// <param name="x"><c>[rows, sum of counts]</c>, finite.</param>
    /// <param name="xStride">Floats between rows of x.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="counts"><c>[segments]</c>: elements of each, falling.</param>
    /// <param name="segments">Segments, at least one.</param>
    /// <param name="y"><c>[rows, counts[0]]</c>.</param>
    /// <param name="yStride">Floats between rows of y.</param>
    /// <param name="largest"><c>[rows]</c>.</param>
    static abstract void SegmentedProduct(float* x, nint xStride, int rows, int* counts, int segments, float* y, nint yStride, float* largest);

    /// <summary>
    /// <c>destination[r, c] = source[r, c]</c> for <paramref name="rows"/> × <paramref name="columns"/>, in whole vectors: reads and
    /// writes as far as the last one reaches. Strides are floats between rows and may be negative; rows of the source may overlap.
    /// </summary>
    static abstract void CopyRows(
        float* source, nint sourceStride, int rows, int columns, float* destination, nint destinationStride);

    /// <summary><c>destination[r, c] = source[r, c] · rowFactors[r]</c>, otherwise as <see cref="CopyRows"/>.</summary>
    static abstract void ScaleRows(
        float* source, nint sourceStride, int rows, int columns, float* rowFactors, float* destination, nint destinationStride);

    /// <summary>
    /// <c>destination[c, r] = source[r, c] · rowScale[r]</c> for <paramref name="rows"/> × <paramref name="columns"/>,
    /// in cache blocks; strides are floats between rows.
    /// </summary>
    static abstract void TransposeScaled(
        float* source, nint sourceStride, int rows, int columns, float* rowScale, float* destination, nint destinationStride);
}
