namespace FastAttn.Toeplitz;

/// <summary>
/// NaN where a product depends on a NaN or an infinity of its operand, and nowhere else: a transform would carry it into every row.
/// A coefficient of exactly zero is no dependence.
/// </summary>
internal static unsafe class NonFiniteSpread
{
    /// <summary>The first and the last index of every run of coefficients that are not zero, one after the other.</summary>
    public static int[] Runs(ReadOnlySpan<float> coefficients)
    {
        var ends = new List<int>();
        for (int start = 0; (start = Next(coefficients, start, isZero: false)) < coefficients.Length;)
        {
            int end = Next(coefficients, start, isZero: true);
            ends.Add(start);
            ends.Add(end - 1);
            start = end;
        }

        return [.. ends];
    }

    /// <summary>Writes NaN into one column of the product, in every copy of it.</summary>
    /// <param name="columns">The columns, operand and product.</param>
    /// <param name="column">Which one.</param>
    /// <param name="shape">Extents of the product.</param>
    /// <param name="runs">What <see cref="Runs"/> made of the coefficients.</param>
    /// <param name="before">Room for one number a row of the operand and one more.</param>
    public static void Run(in ToeplitzColumns columns, int column, ToeplitzShape shape, ReadOnlySpan<int> runs, int* before)
    {
        before[0] = 0;
        for (int j = 0; j < shape.InputLength; j++)
            before[j + 1] = before[j] + (columns.HasRow(j) && !float.IsFinite(columns.X[(j * columns.XStride) + column]) ? 1 : 0);

        // Either way every row is looked at; what differs is how often.
        if (before[shape.InputLength] < runs.Length) FromRowsOfOperand(columns, column, shape, runs, before);
        else FromRowsOfProduct(columns, column, shape, runs, before);
    }

    private static void FromRowsOfOperand(in ToeplitzColumns columns, int column, ToeplitzShape shape, ReadOnlySpan<int> runs, int* before)
    {
        for (int j = 0; j < shape.InputLength; j++)
        {
            if (before[j + 1] == before[j]) continue;
            for (int run = 0; run < runs.Length; run += 2)
            {
                int first = Math.Max(Meeting(shape, j, runs[run + 1]), 0), last = Math.Min(Meeting(shape, j, runs[run]), shape.OutputLength - 1);
                for (int i = first; i <= last; i++) Spoil(columns, column, i);
            }
        }
    }

    private static void FromRowsOfProduct(in ToeplitzColumns columns, int column, ToeplitzShape shape, ReadOnlySpan<int> runs, int* before)
    {
        for (int i = 0; i < shape.OutputLength; i++)
        {
            for (int run = 0; run < runs.Length; run += 2)
            {
                int offset = i - (shape.OutputLength - 1);
                int first = Math.Max(runs[run] + offset, 0), end = Math.Min(runs[run + 1] + offset + 1, shape.InputLength);
                if (end <= first || before[end] == before[first]) continue;
                Spoil(columns, column, i);
                break;
            }
        }
    }

    /// <summary>The row of the product in which coefficient <paramref name="index"/> stands with row <paramref name="j"/> of the operand.</summary>
    private static int Meeting(ToeplitzShape shape, int j, int index) => j + shape.OutputLength - 1 - index;

    private static void Spoil(in ToeplitzColumns columns, int column, int row)
    {
        for (int copy = 0; copy < columns.Copies; copy++) columns.Y[(copy * columns.CopyStride) + (row * columns.YStride) + column] = float.NaN;
    }

    private static int Next(ReadOnlySpan<float> coefficients, int start, bool isZero)
    {
        while (start < coefficients.Length && (coefficients[start] == 0) != isZero) start++;
        return start;
    }
}
