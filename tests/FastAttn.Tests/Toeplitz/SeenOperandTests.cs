using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Toeplitz;

/// <summary>What a row of a product does not see must not reach it, however loud it is; what it sees bounds its error.</summary>
public class SeenOperandTests
{
    /// <summary>
    /// The promise: of ‖c_i‖₂·‖x_i‖₂, the row's own coefficients and that part of the column between its first and its last coefficient
    /// that is not zero.
    /// </summary>
    private const double Tolerance = 1.0 / (1 << 15);

    /// <summary>Where float32 ends: numbers that are this much smaller than the largest of their column count as zeros.</summary>
    private const double Floor = 7e-43;

    /// <summary>The bound that every element has beside the other one; see <see cref="ToeplitzPlanTests"/>.</summary>
    private const double Kappa = 14.5 / (1 << 24);

    [Theory]
    [InlineData(1e3)]
    [InlineData(1e6)]
    [InlineData(1e8)]
    [InlineData(1e30)]
    public void A_loud_last_value_stays_out_of_causal_rows_before_it(double loud)
    {
        const int N = 1000;
        float[] c = Coefficients(new Numbers(1), N, N, Zeros.Causal), x = new Numbers(2).Normals(N);
        x[^1] = (float)loud;
        Check(c, N, N, x, 1, 1, "loud last value");
    }

    [Fact]
    public void Every_length_to_300()
    {
        for (int n = 1; n <= 300; n++)
        {
            var numbers = new Numbers(n);
            float[] c = Coefficients(numbers, n, n, n % 5 == 0 ? Zeros.Future : Zeros.Causal), x = numbers.Normals(2L * n);
            int row = numbers.Pick(0, n / 2, n - 1);
            x[2 * row] *= numbers.Pick(1e4f, 1e9f, 1e20f);
            Check(c, n, n, x, 2, 1, $"length {n}");
        }
    }

    [Theory]
    [InlineData(509, 509)]
    [InlineData(1021, 1021)]
    [InlineData(1025, 1023)]
    [InlineData(2047, 2049)]
    [InlineData(4096, 4096)]
    [InlineData(700, 5000)]
    [InlineData(5000, 700)]
    public void Awkward_lengths(int rows, int depth)
    {
        foreach (Zeros zeros in Enum.GetValues<Zeros>())
        {
            var numbers = new Numbers(rows + depth + (int)zeros);
            float[] c = Coefficients(numbers, rows, depth, zeros);
            Check(c, rows, depth, Operand(numbers, depth, 3), 3, 1, $"{rows} × {depth}, {zeros}", rows: 60);
        }
    }

    [Property]
    public void Any_product_is_right_by_what_each_row_sees(int seed)
    {
        var numbers = new Numbers(seed);
        int rows = numbers.Between(1, 420), depth = numbers.Chance(0.5) ? rows : numbers.Between(1, 420), columns = numbers.Pick(1, 2, 5, 33), heads = numbers.Pick(1, 1, 2);
        float[] c = [.. Enumerable.Range(0, heads).SelectMany(_ => Coefficients(numbers, rows, depth, numbers.Pick(Enum.GetValues<Zeros>())))];
        Check(c, rows, depth, Operand(numbers, depth * heads, columns), columns, heads, $"seed {seed}");
    }

    /// <summary>Columns that share a transform: what one sees of a row the other must not notice.</summary>
    [Fact]
    public void A_loud_stretch_of_one_column_stays_out_of_its_neighbours()
    {
        const int N = 600, Columns = 64;
        float[] c = Coefficients(new Numbers(1), N, N, Zeros.Causal), x = new Numbers(2).Normals((long)N * Columns);
        for (int column = 0; column < Columns; column++) x[((column % 2 == 0 ? 100 : N - 1) * Columns) + column] = 1e7f;
        Check(c, N, N, x, Columns, 1, "neighbours", rows: 100);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    public void Threads_do_not_change_a_bit(int threads)
    {
        const int N = 700, Columns = 70;
        float[] c = Coefficients(new Numbers(1), N, N, Zeros.Causal), x = Operand(new Numbers(2), N, Columns);
        Assert.Equal(Multiply(c, N, N, x, Columns, 1, 1), Multiply(c, N, N, x, Columns, 1, threads));
    }

    private static float[] Multiply(float[] c, int rows, int depth, float[] x, int columns, int heads, int threads)
    {
        var y = new float[(long)heads * rows * columns];
        y.AsSpan().Fill(float.NaN);
        new ToeplitzPlan(c, rows, depth, heads).Multiply(x, y, columns, heads, threads);
        return y;
    }

    private static float[] Coefficients(Numbers numbers, int rows, int depth, Zeros zeros)
    {
        float[] c = numbers.Normals(rows + depth - 1);
        int width = numbers.Between(0, Math.Max(1, depth / 3)), loud = numbers.Between(0, c.Length - 1);
        double decay = numbers.Pick(0.5, 0.01), size = numbers.Pick(1, 1e-30, 1e20);
        for (int index = 0; index < c.Length; index++)
        {
            int t = index - (rows - 1);
            double factor = zeros switch
            {
                Zeros.None => 1,
                Zeros.Causal => t <= 0 ? 1 : 0,
                Zeros.Future => t >= 0 ? 1 : 0,
                Zeros.Band => Math.Abs(t) <= width ? 1 : 0,
                Zeros.Scattered => numbers.Chance(0.5) ? 1 : 0,
                Zeros.Few => numbers.Chance(0.01) ? 1 : 0,
                Zeros.Decaying => t <= 0 ? Math.Exp(decay * t) : 0,
                Zeros.Growing => Math.Exp(Math.Min(decay * t, 60)),
                Zeros.Loud => index == loud ? 1e7 : 1,
                _ => 0,
            };
            c[index] = (float)(c[index] * factor * (zeros == Zeros.Growing ? 1 : size));
        }

        return c;
    }

    /// <summary>Columns of ordinary numbers, with loud ones anywhere, with zeros, growing, or at the ends of float32.</summary>
    private static float[] Operand(Numbers numbers, int depth, int columns)
    {
        float[] x = numbers.Normals((long)depth * columns);
        for (int column = 0; column < columns; column++)
        {
            int kind = numbers.Between(0, 6), from = numbers.Between(0, depth - 1);
            double loud = numbers.Pick(1e3, 1e6, 1e12, 1e30), growth = numbers.Pick(0.02, 0.3);
            for (int row = 0; row < depth; row++)
            {
                ref float value = ref x[(row * columns) + column];
                value = (float)(value * kind switch
                {
                    0 => 1,
                    1 => row == from ? loud : 1,
                    2 => row >= from ? loud : 1,
                    3 => row < from ? 0 : 1,
                    4 => numbers.Chance(0.02) ? loud : 0,
                    5 => Math.Exp(Math.Min(growth * row, 60)),
                    _ => row == depth - 1 ? loud : row == 0 ? 1 : 0,
                });
            }
        }

        return x;
    }

    private static void Check(float[] c, int outputLength, int inputLength, float[] x, int columns, int heads, string what, int rows = int.MaxValue)
    {
        float[] y = Multiply(c, outputLength, inputLength, x, columns, heads, 2);
        int diagonals = outputLength + inputLength - 1;
        var column = new double[inputLength];
        for (int head = 0; head < heads; head++)
        {
            double whole = Norm(c.Skip(head * diagonals).Take(diagonals).Select(value => (double)value));
            for (int k = 0; k < columns; k++)
            {
                for (int j = 0; j < inputLength; j++) column[j] = x[(((long)head * inputLength) + j) * columns + k];
                double all = whole * Norm(column);
                for (int step = 0; step < Math.Min(rows, outputLength); step++)
                {
                    int i = rows >= outputLength ? step : (int)((long)step * (outputLength - 1) / (rows - 1));
                    ReadOnlySpan<float> own = c.AsSpan((head * diagonals) + outputLength - 1 - i, inputLength);
                    double expected = 0, squares = 0, seen = 0;
                    int first = 0, end = inputLength;
                    while (first < end && own[first] == 0) first++;
                    while (end > first && own[end - 1] == 0) end--;
                    for (int j = first; j < end; j++)
                    {
                        expected += own[j] * column[j];
                        squares += (double)own[j] * own[j];
                        seen += column[j] * column[j];
                    }

                    double bound = seen == 0 || squares == 0 ? 0 : Math.Min((Tolerance * Math.Sqrt(squares) * Math.Sqrt(seen)) + (Floor * all), Kappa * all) + float.Epsilon;
                    float came = y[(((long)head * outputLength) + i) * columns + k];
                    bool isBeyond = float.IsInfinity(came) && (expected * Math.Sign(came)) + bound > float.MaxValue;
                    Assert.True(isBeyond || Math.Abs(came - expected) <= bound, $"{what}, head {head}, row {i}, column {k}: {came}, expected {expected} ± {bound}");
                }
            }
        }
    }

    private static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(value => value * value));

    /// <summary>Where coefficients are zero, or as good as.</summary>
    private enum Zeros
    {
        None,
        Causal,
        Future,
        Band,
        Scattered,
        Few,
        Decaying,
        Growing,
        Loud,
    }
}
