namespace FastAttn.Toeplitz;

/// <summary>
/// What each row of a product sees: the rows of the operand from the first to the last whose coefficient is not zero, and how large
/// its coefficients are. Made once, of one head's coefficients.
/// </summary>
internal sealed class SeenRows
{
    private readonly int[] _first, _end;
    private readonly double[] _squares;

    /// <param name="coefficients">One head's.</param>
    /// <param name="shape">Extents of the product.</param>
    public SeenRows(ReadOnlySpan<float> coefficients, ToeplitzShape shape)
    {
        Count = shape.OutputLength;
        _first = new int[Count];
        _end = new int[Count];
        _squares = new double[Count];

        // Row i takes the coefficients from n_out − 1 − i on. The window moves one entry to the left with every row.
        int depth = shape.InputLength;
        SumSquares(coefficients, depth);
        for (int row = Count - 1, index = 0, last = -1, next = 0; row >= 0; row--, index++)
        {
            // The last coefficient of the window that is not zero, and the first one.
            for (; next < index + depth; next++)
            {
                if (coefficients[next] != 0) last = next;
            }

            _end[row] = Math.Max(last + 1 - index, 0);
        }

        for (int row = 0, index = Count - 1, first = shape.Diagonals, next = first - 1; row < Count; row++, index--)
        {
            for (; next >= index; next--)
            {
                if (coefficients[next] != 0) first = next;
            }

            _first[row] = Math.Min(first - index, depth);
        }
    }

    /// <summary>How many rows.</summary>
    public int Count { get; }

    /// <summary>The sum of the squares of all coefficients.</summary>
    public double Squares { get; private set; }

    /// <summary>
    /// What several rows have in common and what they have together. A row that sees nothing has its first row after its end.
    /// </summary>
    public Range Of(int start, int end)
    {
        var range = new Range(int.MaxValue, 0, int.MaxValue, 0, double.MaxValue);
        for (int row = start; row < end; row++)
        {
            range = new Range(
                Math.Min(range.First, _first[row]), Math.Max(range.LastFirst, _first[row]),
                Math.Min(range.FirstEnd, _end[row]), Math.Max(range.End, _end[row]), Math.Min(range.Squares, _squares[row]));
        }

        return range;
    }

    /// <summary>
    /// Sums of windows as long as the operand, each a sum to the end of a piece of that length and one from the start of the next piece:
    /// a difference of long sums would lose the small coefficients beside the large ones.
    /// </summary>
    private void SumSquares(ReadOnlySpan<float> coefficients, int depth)
    {
        double sum = 0;
        for (int index = coefficients.Length - 1; index >= 0; index--)
        {
            double square = (double)coefficients[index] * coefficients[index];
            Squares += square;
            if (index % depth == depth - 1) sum = 0;
            sum += square;
            if (index < Count) _squares[Count - 1 - index] = sum;
        }

        for (int index = 0; index < coefficients.Length; index++)
        {
            if (index % depth == 0) sum = 0;
            sum += (double)coefficients[index] * coefficients[index];
            int start = index + 1 - depth;
            if (start >= 0 && start % depth != 0) _squares[Count - 1 - start] += sum;
        }
    }

    /// <summary>What a few rows of a product see.</summary>
    /// <param name="First">The first row of the operand that any of them sees.</param>
    /// <param name="LastFirst">Where the last of them begins to see.</param>
    /// <param name="FirstEnd">Where the first of them ends to see.</param>
    /// <param name="End">After the last row of the operand that any of them sees.</param>
    /// <param name="Squares">The least sum of squares of a row's coefficients.</param>
    public readonly record struct Range(int First, int LastFirst, int FirstEnd, int End, double Squares);
}
