using System.Numerics.Tensors;

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

    /// <summary>The exponent that coefficients are divided by: zero, unless their largest magnitude is extreme.</summary>
    public static int OfCoefficients(ReadOnlySpan<float> coefficients)
    {
        float largest = Math.Abs(TensorPrimitives.MaxMagnitude(coefficients));
        int exponent = largest > 0 ? Math.Max(MathF.ILogB(largest), -126) : 0;
        return Math.Abs(exponent) <= Ordinary ? 0 : exponent;
    }

    /// <summary>
    /// One exponent a column, of what is finite in it; <see cref="Zero"/> for columns beyond the data. Returns a bit for each column
    /// that holds a NaN or an infinity.
    /// </summary>
    /// <param name="columns">The columns.</param>
    /// <param name="squares">Their sums of squares in float32.</param>
    /// <param name="exponents">One a column of a packed row.</param>
    public static ulong Find(in ToeplitzColumns columns, float* squares, Span<int> exponents)
    {
        // A sum of squares that is neither is that of a column that is: also NaN, and sums that left the range of float32.
        ulong notFinite = 0;
        const float Least = 1f / (1 << 30) / (1 << 30), Most = (float)(1L << 60);
        exponents[columns.Width..].Fill(Zero);
        for (int column = 0; column < columns.Width; column++)
        {
            if (squares[column] is >= Least and <= Most) exponents[column] = MathF.ILogB(squares[column]) >> 1;
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
}
