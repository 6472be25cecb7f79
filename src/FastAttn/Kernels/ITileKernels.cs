namespace FastAttn.Kernels;

/// <summary>
/// Register-tiled matrix products, emitted per instruction set by the generator. Pointers are float32; columns come
/// padded by the caller, and rows where it says so: no kernel has a scalar tail and none reads past what it is given. Nothing here allocates or throws.
/// </summary>
internal unsafe interface ITileKernels
{
    /// <summary>Float32 lanes of a register: every column count is a multiple of it.</summary>
    static abstract int Lanes { get; }

    /// <summary>Rows of a register tile: every row count is a multiple of it, but in products, for which it is only the best.</summary>
    static abstract int RowTile { get; }

    /// <summary>Whether <see cref="AttentionTile"/> has code of its own for this value dimension; others run by column chunks.</summary>
    static abstract bool HasValueDimension(int dimension);

    /// <summary>Whether <see cref="MultiplyAdd"/> has code of its own for this depth.</summary>
    static abstract bool HasHeadDimension(int dimension);

    /// <summary>
    /// <c>C[rows, columns] += A[rows, depth] · B[depth, columns]</c> for any number of rows; each stride is the distance between rows in floats.
    /// </summary>
    static abstract void MultiplyAdd(
        int rows, int depth, int columns, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride);

    /// <summary><c>C[rows, columns] = A[rows, depth] · B[depth, columns]</c>, depth at least one: as <see cref="MultiplyAdd"/> where C holds nothing yet.</summary>
    static abstract void Multiply(
        int rows, int depth, int columns, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride);

    /// <summary>As <see cref="Multiply"/>, row i of C times <c>rowFactors[i]</c> unless they are null.</summary>
    static abstract void MultiplyScaled(
        int rows, int depth, int columns, float* a, nint aStride, float* b, nint bStride, float* rowFactors, float* c, nint cStride);

    /// <summary>
    /// One block of <see cref="KernelShape.KeyTile"/> keys, or half of one, against <paramref name="rows"/> queries, without leaving registers and L1:
    /// <c>P[i, j] = (query[i] · keys[:, j]) · coefficients[i·coefficientStride + j]</c>, <c>numerators[i] += P[i] · values</c>,
    /// <c>rowSums[i, :] +=</c> the sums of <c>P[i]</c>, one partial sum a lane.
    /// </summary>
    /// <param name="rows">Queries, a multiple of <see cref="RowTile"/>.</param>
    /// <param name="keyCount"><see cref="KernelShape.KeyTile"/> or <see cref="KernelShape.HalfTile"/>.</param>
    /// <param name="features">Depth of the first product.</param>
    /// <param name="valueDimension">Columns of values and numerators, a multiple of <see cref="Lanes"/>; fixed sizes have their own code.</param>
    /// <param name="query"><c>[rows, features]</c>, rows <paramref name="queryStride"/> apart.</param>
    /// <param name="queryStride">Floats between query rows.</param>
    /// <param name="keys"><c>[features, keyCount]</c>: a block of keys or half of one, transposed, rows <see cref="KernelShape.KeyTile"/> apart.</param>
    /// <param name="coefficients">
    /// Points at the coefficient of (row 0, key 0). Row i reads keyCount of them from <c>i·coefficientStride</c> on, with no alignment.
    /// </param>
    /// <param name="coefficientStride">Floats between rows of coefficients: −1 where they depend on j − i alone.</param>
    /// <param name="values"><c>[keyCount, valueDimension]</c>, rows <paramref name="valueStride"/> apart.</param>
    /// <param name="valueStride">Floats between value rows.</param>
    /// <param name="numerators"><c>[rows, valueDimension]</c>, accumulated.</param>
    /// <param name="numeratorStride">Floats between numerator rows.</param>
    /// <param name="rowSums"><c>[rows, Lanes]</c>, accumulated.</param>
    static abstract void AttentionTile(
        int rows, int keyCount, int features, int valueDimension,
        float* query, nint queryStride, float* keys, float* coefficients, nint coefficientStride,
        float* values, nint valueStride, float* numerators, nint numeratorStride, float* rowSums);

    /// <summary>
    /// One block of <see cref="KernelShape.KeyTile"/> keys of softmax attention, as <see cref="AttentionTile"/> but with weights
    /// <c>P[i, j] = 2^(query[i] · keys[:, j] + keys[−1, j] + bias[i, j] − references[i] − headroom)</c>. Where a weight would exceed
    /// 2^(8 − headroom), the reference first becomes the largest score of the row in this block, and numerators and row sums follow.
    /// </summary>
    /// <param name="rows">Queries, a multiple of <see cref="RowTile"/>.</param>
    /// <param name="dimension">Depth of the first product.</param>
    /// <param name="valueDimension">Columns of values and numerators, a multiple of <see cref="Lanes"/>; fixed sizes have their own code.</param>
    /// <param name="query"><c>[rows, dimension]</c>, rows <paramref name="queryStride"/> apart.</param>
    /// <param name="queryStride">Floats between query rows.</param>
    /// <param name="keys">
    /// <c>[1 + dimension, KeyTile]</c>: first a number for each key, −∞ where nobody sees it, then the keys, transposed and dense,
    /// times log₂ e.
    /// </param>
    /// <param name="biases">
    /// The bias of (row 0, key 0), times log₂ e. Row i reads KeyTile of them from <c>biases + i·biasStride</c> on, with no alignment.
    /// </param>
    /// <param name="biasStride">Floats between the biases of one row and the next, −1 where they belong to offsets.</param>
    /// <param name="values"><c>[KeyTile, valueDimension]</c>, rows <paramref name="valueStride"/> apart.</param>
    /// <param name="valueStride">Floats between value rows.</param>
    /// <param name="numerators"><c>[rows, valueDimension]</c>, accumulated.</param>
    /// <param name="numeratorStride">Floats between numerator rows.</param>
    /// <param name="headroom">A whole number from 0 to 60: how far, in binary orders, weights stay below 2⁸, for values near overflow.</param>
    /// <param name="references"><c>[rows]</c>: the lowest finite number before a row's first block.</param>
    /// <param name="rowSums"><c>[rows, Lanes]</c>, accumulated.</param>
    static abstract void SoftmaxTile(
        int rows, int dimension, int valueDimension,
        float* query, nint queryStride, float* keys, float* biases, nint biasStride,
        float* values, nint valueStride, float* numerators, nint numeratorStride, float headroom, float* references, float* rowSums);
}
