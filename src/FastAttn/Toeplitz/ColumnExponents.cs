using System.Numerics;

namespace FastAttn.Toeplitz;

/// <summary>
/// The powers of two by which columns are divided before a transform. Two columns that share a complex number share its rounding,
/// which is relative to both norms together: of norms within 1 : r, the smaller column sees √(1 + r²) times the error it would have
/// alone. Columns that are nearly of a size, and of no extreme size, are left as they are (r &lt; 4); otherwise each column is divided
/// by a power of two that brings its norm into [1, 2) (r &lt; 2).
/// </summary>
/// <remarks>
/// What happens to a pair depends on the pair alone, so that no column ever changes a bit of another pair's.
/// </remarks>
internal static unsafe class ColumnExponents
{
    /// <summary>The exponent of a column of zeros, whose product is zero whatever its neighbour's rounding leaves there.</summary>
    public const int Zero = int.MinValue;

    /// <summary>Exponents of norms, and of coefficients, that no transform of any length takes out of the range of float32.</summary>
    private const int Ordinary = 30;

    /// <summary>Between the exponents of two norms that are nearly of a size.</summary>
    private const int NearlyEqual = 1;

    /// <summary>Rows whose squares are summed in one go: long sums of float32 would stand still.</summary>
    private const int Piece = 4096;

    /// <summary>The exponent that coefficients are divided by: zero, unless their largest magnitude is extreme.</summary>
    public static int OfCoefficients(float largest)
    {
        int exponent = largest > 0 ? Math.Max(MathF.ILogB(largest), -126) : 0;
        return Math.Abs(exponent) <= Ordinary ? 0 : exponent;
    }

    /// <summary>
    /// One exponent a column, of what is finite in it; <see cref="Zero"/> for columns beyond the data. Returns a bit for each column
    /// that holds a NaN or an infinity.
    /// </summary>
    public static ulong Find(in ToeplitzColumns columns, Span<int> exponents)
    {
        Span<float> sums = stackalloc float[exponents.Length];
        sums.Clear();
        fixed (float* squares = sums)
        {
            for (int row = 0, next; row < columns.Rows; row = next)
            {
                next = columns.RunEnd(row, Math.Min(row + Piece, columns.Rows));
                if (columns.HasRow(row)) AddSquares(columns.X + (row * columns.XStride), next - row, columns.XStride, columns.Width, squares);
            }
        }

        // A sum of squares that is neither is that of a column that is: also NaN, and sums that left the range of float32.
        ulong notFinite = 0;
        const float Least = 1f / (1 << 30) / (1 << 30), Most = (float)(1L << 60);
        exponents[columns.Width..].Fill(Zero);
        for (int column = 0; column < columns.Width; column++)
        {
            if (sums[column] is >= Least and <= Most) exponents[column] = MathF.ILogB(sums[column]) >> 1;
            else if (!Careful(columns, column, out exponents[column])) notFinite |= 1UL << column;
        }

        int half = exponents.Length / 2;
        for (int lane = 0; lane < half; lane++) LeaveWhatIsBalanced(ref exponents[lane], ref exponents[half + lane]);
        return notFinite;
    }

    private static void LeaveWhatIsBalanced(ref int left, ref int right)
    {
        bool isLeft = IsNumber(left), isRight = IsNumber(right);
        if (isLeft && Math.Abs(left) > Ordinary) return;
        if (isRight && Math.Abs(right) > Ordinary) return;
        if (isLeft && isRight && Math.Abs(left - right) > NearlyEqual) return;
        if (isLeft) left = 0;
        if (isRight) right = 0;
    }

    private static bool IsNumber(int exponent) => exponent != Zero;

    /// <summary>The exponent of a column's norm in float64, where no square of a float32 leaves the range; false when something in it is not finite.</summary>
    private static bool Careful(in ToeplitzColumns columns, int column, out int exponent)
    {
        double sum = 0;
        bool isFinite = true;
        for (int row = 0; row < columns.Rows; row++)
        {
            if (!columns.HasRow(row)) continue;
            double value = columns.X[(row * columns.XStride) + column];
            if (double.IsFinite(value)) sum += value * value;
            else isFinite = false;
        }

        exponent = sum > 0 ? Math.Max(Math.ILogB(sum) >> 1, -126) : Zero;
        return isFinite;
    }

    /// <summary><c>sums[column] += Σ over rows of squares</c>, four vectors of columns at a time.</summary>
    private static void AddSquares(float* matrix, int rows, nint stride, int width, float* sums)
    {
        int lanes = Vector<float>.Count, column = 0;
        for (; column <= width - (4 * lanes); column += 4 * lanes)
        {
            float* values = matrix + column;
            Vector<float> sum0 = Vector<float>.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0;
            for (int row = 0; row < rows; row++, values += stride)
            {
                Vector<float> value0 = Vector.Load(values), value1 = Vector.Load(values + lanes);
                Vector<float> value2 = Vector.Load(values + (2 * lanes)), value3 = Vector.Load(values + (3 * lanes));
                sum0 = Vector.FusedMultiplyAdd(value0, value0, sum0);
                sum1 = Vector.FusedMultiplyAdd(value1, value1, sum1);
                sum2 = Vector.FusedMultiplyAdd(value2, value2, sum2);
                sum3 = Vector.FusedMultiplyAdd(value3, value3, sum3);
            }

            float* target = sums + column;
            Vector.Store(Vector.Load(target) + sum0, target);
            Vector.Store(Vector.Load(target + lanes) + sum1, target + lanes);
            Vector.Store(Vector.Load(target + (2 * lanes)) + sum2, target + (2 * lanes));
            Vector.Store(Vector.Load(target + (3 * lanes)) + sum3, target + (3 * lanes));
        }

        for (; column <= width - lanes; column += lanes)
        {
            float* values = matrix + column;
            Vector<float> sum = Vector<float>.Zero;
            for (int row = 0; row < rows; row++, values += stride)
            {
                Vector<float> value = Vector.Load(values);
                sum = Vector.FusedMultiplyAdd(value, value, sum);
            }

            Vector.Store(Vector.Load(sums + column) + sum, sums + column);
        }

        for (; column < width; column++)
        {
            float sum = 0;
            for (long row = 0; row < rows; row++) sum += matrix[(row * stride) + column] * matrix[(row * stride) + column];
            sums[column] += sum;
        }
    }
}
