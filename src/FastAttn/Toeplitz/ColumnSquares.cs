using System.Numerics;

namespace FastAttn.Toeplitz;

/// <summary>Sums of squares of columns, found while the columns are copied.</summary>
internal static unsafe class ColumnSquares
{
    /// <summary>
    /// Copies rows and adds each column's squares to <paramref name="squares"/>, four vectors of columns at a time. The rows are summed
    /// before they join the total: long sums of float32 would stand still.
    /// </summary>
    /// <param name="source">The first row.</param>
    /// <param name="sourceStride">Floats between rows.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="target">Where the first row goes.</param>
    /// <param name="targetStride">Floats between rows there.</param>
    /// <param name="squares">One a column.</param>
    public static void Copy(float* source, nint sourceStride, int rows, int width, float* target, nint targetStride, float* squares)
    {
        int lanes = Vector<float>.Count, column = 0;
        for (; column <= width - (4 * lanes); column += 4 * lanes)
        {
            float* from = source + column, to = target + column, sums = squares + column;
            Vector<float> sum0 = Vector<float>.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0;
            for (int row = 0; row < rows; row++, from += sourceStride, to += targetStride)
            {
                Vector<float> value0 = Vector.Load(from), value1 = Vector.Load(from + lanes);
                Vector<float> value2 = Vector.Load(from + (2 * lanes)), value3 = Vector.Load(from + (3 * lanes));
                sum0 = Vector.FusedMultiplyAdd(value0, value0, sum0);
                sum1 = Vector.FusedMultiplyAdd(value1, value1, sum1);
                sum2 = Vector.FusedMultiplyAdd(value2, value2, sum2);
                sum3 = Vector.FusedMultiplyAdd(value3, value3, sum3);
                Vector.Store(value0, to);
                Vector.Store(value1, to + lanes);
                Vector.Store(value2, to + (2 * lanes));
                Vector.Store(value3, to + (3 * lanes));
            }

            Vector.Store(Vector.Load(sums) + sum0, sums);
            Vector.Store(Vector.Load(sums + lanes) + sum1, sums + lanes);
            Vector.Store(Vector.Load(sums + (2 * lanes)) + sum2, sums + (2 * lanes));
            Vector.Store(Vector.Load(sums + (3 * lanes)) + sum3, sums + (3 * lanes));
        }

        for (; column <= width - lanes; column += lanes)
        {
            float* from = source + column, to = target + column;
            Vector<float> sum = Vector<float>.Zero;
            for (int row = 0; row < rows; row++, from += sourceStride, to += targetStride)
            {
                Vector<float> value = Vector.Load(from);
                sum = Vector.FusedMultiplyAdd(value, value, sum);
                Vector.Store(value, to);
            }

            Vector.Store(Vector.Load(squares + column) + sum, squares + column);
        }

        for (; column < width; column++)
        {
            float sum = 0;
            for (long row = 0; row < rows; row++)
            {
                float value = source[(row * sourceStride) + column];
                target[(row * targetStride) + column] = value;
                sum += value * value;
            }

            squares[column] += sum;
        }
    }
}
