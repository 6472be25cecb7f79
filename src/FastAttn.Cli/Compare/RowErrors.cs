using FastAttn.Cli.Demo;

namespace FastAttn.Cli.Compare;

/// <summary>How far rows are from what they should be: ‖z − expected‖₂ as a share of the largest ‖v‖₂ of the head.</summary>
/// <param name="Median">Of all checked rows.</param>
/// <param name="Worst">Of all checked rows; NaN if any is.</param>
internal readonly record struct RowErrors(double Median, double Worst)
{
    /// <summary>Compares the checked rows of all heads.</summary>
    public static RowErrors Of(AttentionData data, float[] output, int[] rows, double[] expected)
    {
        const int columns = DemoShape.HeadDimension;
        double[] errors = new double[DemoShape.Heads * rows.Length];
        for (int head = 0; head < DemoShape.Heads; head++)
        {
            double largest = Enumerable.Range(0, data.Length).Max(j => Length(data.Value.AsSpan((head * data.Length + j) * columns, columns), default));
            for (int row = 0; row < rows.Length; row++)
            {
                errors[head * rows.Length + row] = Length(
                    output.AsSpan((head * data.Length + rows[row]) * columns, columns), expected.AsSpan((head * rows.Length + row) * columns, columns)) / largest;
            }
        }

        Array.Sort(errors);
        return new RowErrors(errors[errors.Length / 2], double.IsNaN(errors[0]) ? double.NaN : errors[^1]);
    }

    private static double Length(ReadOnlySpan<float> row, ReadOnlySpan<double> from)
    {
        double squares = 0;
        for (int column = 0; column < row.Length; column++) squares += Math.Pow(row[column] - (from.IsEmpty ? 0 : from[column]), 2);
        return Math.Sqrt(squares);
    }
}
