using FastAttn.Tests.Infrastructure;
using FastAttn.Tests.Kernels;

namespace FastAttn.Tests.Toeplitz;

/// <summary>The public Toeplitz product against float64 by the definition.</summary>
public class ToeplitzPlanTests
{
    /// <summary>
    /// Of 2⁻²⁴·‖c‖₂·‖x_column‖₂: the 3.5 of one product, times √(1 + 4²) for a column whose norm is no less than a quarter of that
    /// of the one it shares a transform with.
    /// </summary>
    private const double Kappa = 14.5;

    private const double HalfUlp = 1.0 / (1 << 24);

    [Fact]
    public void Every_square_length_from_1_to_300_is_exact_to_its_bound()
    {
        for (int n = 1; n <= 300; n++) Check(n, n, columns: 1 + (n % 5), heads: 1, seed: n);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 1000)]
    [InlineData(1000, 1)]
    [InlineData(511, 513)]
    [InlineData(513, 511)]
    [InlineData(1023, 1025)]
    [InlineData(997, 1009)]
    [InlineData(2047, 2049)]
    [InlineData(5000, 37)]
    [InlineData(37, 5000)]
    [InlineData(4099, 4093)]
    public void Rectangles_and_awkward_lengths_are_exact_to_their_bound(int outputLength, int inputLength) =>
        Check(outputLength, inputLength, columns: 3, heads: 1, seed: outputLength + inputLength);

    [Fact]
    public void Every_number_of_columns_is_exact_to_its_bound()
    {
        for (int columns = 1; columns <= 70; columns++)
        {
            Check(20, 23, columns, heads: 1, seed: columns);
            Check(130, 101, columns, heads: 1, seed: columns);
        }
    }

    [Fact]
    public void Heads_have_their_own_coefficients_or_share_them()
    {
        Check(90, 70, columns: 5, heads: 3, seed: 1);
        float[] c = new Numbers(2).Normals(90 + 70 - 1), x = new Numbers(3).Normals(4 * 70 * 5);
        var plan = new ToeplitzPlan(c, 90, 70);
        var together = new float[4 * 90 * 5];
        plan.Multiply(x, together, 5, heads: 4);
        for (int head = 0; head < 4; head++)
        {
            var alone = new float[90 * 5];
            plan.Multiply(x.AsSpan(head * 70 * 5, 70 * 5), alone, 5);
            Assert.Equal(alone, together.AsSpan(head * 90 * 5, 90 * 5).ToArray());
        }
    }

    [Property]
    public void Any_shape_is_exact_to_its_bound(int seed)
    {
        var numbers = new Numbers(seed);
        Check(numbers.Between(1, 400), numbers.Between(1, 400), numbers.Between(1, 40), numbers.Between(1, 3), seed);
    }

    /// <summary>Columns of very different size stay exact, each to its own norm.</summary>
    [Theory]
    [InlineData(24)]
    [InlineData(500)]
    public void Loud_columns_do_not_drown_quiet_ones(int n)
    {
        const int Columns = 64;
        var numbers = new Numbers(n);
        float[] c = [.. numbers.Normals((2 * n) - 1).Select(value => value * 1e20f)];
        float[] x = numbers.Normals((long)n * Columns);
        for (int i = 0; i < x.Length; i++) x[i] *= MathF.ScaleB(1, ((i % Columns * 37) % 101) - 90);
        CheckAgainst(c, n, n, x, Columns, 1, Multiply(c, n, n, x, Columns, 1, 1));
    }

    /// <summary>
    /// One loud number beside a column of many, and columns of any ratio beside each other: their norms count, not their largest
    /// magnitudes. All rows are looked at.
    /// </summary>
    [Property]
    public void Columns_of_any_norm_are_exact_to_their_own(int seed)
    {
        var numbers = new Numbers(seed);
        int outputLength = numbers.Between(1, 700), inputLength = numbers.Between(1, 700), columns = numbers.Between(1, 70);
        float[] c = numbers.Normals(outputLength + inputLength - 1), x = numbers.Normals((long)inputLength * columns);
        for (int column = 0; column < columns; column++)
        {
            int shape = numbers.Between(0, 3), exponent = numbers.Between(0, 1) == 0 ? numbers.Between(-3, 3) : numbers.Between(-115, 115);
            int only = numbers.Between(0, inputLength - 1);
            for (int row = 0; row < inputLength; row++)
            {
                ref float value = ref x[(row * columns) + column];
                value = shape == 0 || (shape == 1 && row != only) ? 0 : MathF.ScaleB(value, exponent);
            }
        }

        float[] y = Multiply(c, outputLength, inputLength, x, columns, 1, 1);
        CheckAgainst(c, outputLength, inputLength, x, columns, 1, y, rows: outputLength);
    }

    /// <summary>Down to the last bit of the smallest float32 and up to the largest, coefficients of either kind included.</summary>
    [Theory]
    [InlineData(20, 1e-30f)]
    [InlineData(20, 1e30f)]
    [InlineData(300, 1e-30f)]
    [InlineData(300, 1e30f)]
    public void Extreme_numbers_do_not_leave_the_range_on_the_way(int n, float size)
    {
        const int Columns = 40;
        var numbers = new Numbers(n);
        float[] c = [.. numbers.Normals((2 * n) - 1).Select(value => value * size)], x = numbers.Normals((long)n * Columns);
        for (int i = 0; i < x.Length; i++)
        {
            // Products stay within float32: large by small, and where both are small the absolute step is what counts.
            int exponent = size < 1 ? i % Columns % 2 == 0 ? 120 : -140 : i % Columns % 2 == 0 ? -145 : -120;
            x[i] = MathF.ScaleB(x[i], exponent);
        }

        CheckAgainst(c, n, n, x, Columns, 1, Multiply(c, n, n, x, Columns, 1, 1), rows: n);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(300)]
    public void A_column_of_zeros_stays_zero_beside_any_other(int n)
    {
        const int Columns = 64;
        float[] c = new Numbers(n).Normals((2 * n) - 1), x = new Numbers(n + 1).Normals((long)n * Columns);
        for (int i = 0; i < x.Length; i++)
            if (i % Columns == 5) x[i] = 0;
        float[] y = Multiply(c, n, n, x, Columns, 1, 1);
        for (int i = 0; i < y.Length; i++) Assert.Equal(i % Columns == 5, y[i] == 0);
    }

    /// <summary>What a column's partner holds may change its rounding; what any other column holds may not.</summary>
    [Fact]
    public void A_loud_column_changes_no_bit_of_other_pairs()
    {
        const int N = 200, Columns = 64;
        float[] c = new Numbers(1).Normals((2 * N) - 1), x = new Numbers(2).Normals(N * Columns), loud = (float[])x.Clone();
        for (int row = 0; row < N; row++) loud[(row * Columns) + 3] *= 1e9f;
        float[] y = Multiply(c, N, N, x, Columns, 1, 1), beside = Multiply(c, N, N, loud, Columns, 1, 1);
        int changed = Enumerable.Range(0, Columns).Count(column => Enumerable.Range(0, N).Any(row => y[(row * Columns) + column] != beside[(row * Columns) + column]));
        Assert.InRange(changed, 1, 2);
    }

    /// <summary>Not one element before or after the operand or the product is touched, in any shape of block.</summary>
    [Fact]
    public unsafe void Nothing_beyond_the_matrices_is_touched()
    {
        foreach (int n in (int[])[1, 5, 6, 7, 23, 24, 25, 63, 64, 65, 127, 300])
        {
            foreach (int columns in (int[])[1, 8, 15, 16, 17, 31, 32, 33, 64, 70])
            {
                int rows = n + (columns % 3);
                using var x = new GuardedFloats(new Numbers(n).Normals((long)n * columns));
                using var y = new GuardedFloats(rows * columns);
                float[] c = new Numbers(columns).Normals(n + rows - 1);
                new ToeplitzPlan(c, rows, n).Multiply(new ReadOnlySpan<float>(x.Pointer, x.Count), new Span<float>(y.Pointer, y.Count), columns, threads: 1);
                CheckAgainst(c, rows, n, x.ToArray(), columns, 1, y.ToArray(), rows: 4);
            }
        }
    }

    [Theory]
    [InlineData(30, float.NaN)]
    [InlineData(30, float.PositiveInfinity)]
    [InlineData(400, float.NaN)]
    [InlineData(400, float.NegativeInfinity)]
    public void A_column_that_is_not_finite_is_NaN_and_the_others_do_not_notice(int n, float bad)
    {
        const int Columns = 40;
        float[] c = new Numbers(1).Normals((2 * n) - 1), x = new Numbers(2).Normals((long)n * Columns);
        float[] clean = (float[])x.Clone();
        x[(n / 3 * Columns) + 7] = bad;
        clean[(n / 3 * Columns) + 7] = 0;
        float[] y = Multiply(c, n, n, x, Columns, 1, 1), expected = Multiply(c, n, n, clean, Columns, 1, 1);
        for (int i = 0; i < y.Length; i++)
        {
            if (i % Columns == 7) Assert.True(float.IsNaN(y[i]));
            else Assert.Equal(expected[i], y[i]);
        }
    }

    /// <summary>NaN stands where a coefficient that is not zero meets what is not finite, and nowhere else; what is left is exact to its bound.</summary>
    [Property]
    public void What_is_not_finite_reaches_what_depends_on_it_and_nothing_else(int seed)
    {
        var numbers = new Numbers(seed);
        int rows = numbers.Between(1, 300), depth = numbers.Between(1, 300), columns = numbers.Between(1, 40);
        double zeros = numbers.Pick(0, 0.5, 0.99), bad = numbers.Pick(0.002, 0.1, 1);
        float[] c = [.. numbers.Normals(rows + depth - 1).Select(value => numbers.Chance(zeros) ? 0 : value)];
        float[] x = [.. numbers.Normals((long)depth * columns).Select(value => numbers.Chance(bad) ? numbers.Pick(float.NaN, float.PositiveInfinity, float.NegativeInfinity) : value)];
        float[] y = Multiply(c, rows, depth, x, columns, 1, 1), clean = [.. x.Select(value => float.IsFinite(value) ? value : 0)];
        for (int i = 0; i < rows; i++)
        {
            for (int column = 0; column < columns; column++)
            {
                bool depends = Enumerable.Range(0, depth).Any(j => c[j - i + rows - 1] != 0 && !float.IsFinite(x[(j * columns) + column]));
                Assert.Equal(depends, float.IsNaN(y[(i * columns) + column]));
                if (depends) y[(i * columns) + column] = (float)Enumerable.Range(0, depth).Sum(j => (double)c[j - i + rows - 1] * clean[(j * columns) + column]);
            }
        }

        CheckAgainst(c, rows, depth, clean, columns, 1, y, rows);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(600)]
    public void Threads_do_not_change_a_bit(int n)
    {
        float[] c = new Numbers(1).Normals(3 * ((2L * n) - 1)), x = new Numbers(2).Normals(3L * n * 100);
        float[] one = Multiply(c, n, n, x, 100, 3, 1);
        Assert.Equal(one, Multiply(c, n, n, x, 100, 3, 2));
        Assert.Equal(one, Multiply(c, n, n, x, 100, 3, 7));
    }

    [Fact]
    public void One_plan_serves_many_threads_at_once()
    {
        const int N = 200;
        float[] c = new Numbers(1).Normals((2 * N) - 1), x = new Numbers(2).Normals(N * 8);
        var plan = new ToeplitzPlan(c, N, N);
        float[] expected = Multiply(c, N, N, x, 8, 1, 1);
        Parallel.For(0, 64, _ =>
        {
            var y = new float[N * 8];
            plan.Multiply(x, y, 8, threads: 2);
            Assert.Equal(expected, y);
        });
    }

    [Fact]
    public void An_impulse_gives_the_coefficients_back_and_the_identity_the_operand()
    {
        const int Out = 150, In = 220;
        float[] c = new Numbers(1).Normals(Out + In - 1);
        var impulse = new float[In];
        impulse[9] = 1;
        float[] y = Multiply(c, Out, In, impulse, 1, 1, 1);
        double tolerance = Kappa * HalfUlp * Norm(c);
        for (int i = 0; i < Out; i++) Assert.Equal(c[9 - i + Out - 1], y[i], tolerance);

        var identity = new float[(2 * In) - 1];
        identity[In - 1] = 1;
        float[] x = new Numbers(2).Normals(In);
        float[] same = Multiply(identity, In, In, x, 1, 1, 1);
        for (int i = 0; i < In; i++) Assert.Equal(x[i], same[i], Kappa * HalfUlp * Norm(x));
    }

    [Fact]
    public void A_million_rows_are_exact_to_their_bound() => Check(1_000_003, 999_983, columns: 1, heads: 1, seed: 5, rows: 4);

    [Fact]
    public void Bad_arguments_are_refused_by_name()
    {
        Refused<ShapeException>("coefficients", "4 numbers", () => new ToeplitzPlan(new float[4], 3, 3));
        Refused<ShapeException>("coefficients", "expected 10", () => new ToeplitzPlan(new float[5], 3, 3, heads: 2));
        Refused<ShapeException>("coefficients", "0 numbers", () => new ToeplitzPlan(default, 3, 3));
        Refused<ArgumentException>("coefficients", "NaN", () => new ToeplitzPlan([1, 2, float.NaN], 2, 2));
        Refused<ArgumentException>("coefficients", "coefficients[0]", () => new ToeplitzPlan([float.NegativeInfinity, 2, 1], 2, 2));
        Refused<ArgumentOutOfRangeException>("outputLength", "-2", () => new ToeplitzPlan(new float[4], -2, 3));
        Refused<ArgumentOutOfRangeException>("inputLength", "-1", () => new ToeplitzPlan(new float[4], 3, -1));
        Refused<ArgumentOutOfRangeException>("inputLength", "expected 0…", () => new ToeplitzPlan(new float[4], 3, int.MaxValue));
        Refused<ArgumentOutOfRangeException>("heads", "0", () => new ToeplitzPlan(new float[5], 3, 3, heads: 0));

        var plan = new ToeplitzPlan(new float[6], 4, 3);
        var twoHeads = new ToeplitzPlan(new float[12], 4, 3, heads: 2);
        Refused<ArgumentOutOfRangeException>("columns", "-1", () => plan.Multiply(new float[6], new float[8], -1));
        Refused<ArgumentOutOfRangeException>("heads", "-1", () => plan.Multiply(new float[6], new float[8], 2, heads: -1));
        Refused<ArgumentOutOfRangeException>("threads", "0", () => plan.Multiply(new float[6], new float[8], 2, threads: 0));
        Refused<ShapeException>("heads", "expected 2", () => twoHeads.Multiply(new float[6], new float[8], 2));
        Refused<ShapeException>("x", "7 numbers", () => plan.Multiply(new float[7], new float[8], 2));
        Refused<ShapeException>("x", "0 numbers", () => plan.Multiply(default, new float[8], 2));
        Refused<ShapeException>("destination", "expected 8", () => plan.Multiply(new float[6], new float[9], 2));
        var shared = new float[14];
        Refused<ArgumentException>("destination", "overlaps", () => plan.Multiply(shared.AsSpan(0, 6), shared.AsSpan(5, 8), 2));
        plan.Multiply(shared.AsSpan(0, 6), shared.AsSpan(6, 8), 2);
    }

    private static void Refused<TException>(string argument, string message, Action action)
        where TException : ArgumentException
    {
        TException exception = Assert.Throws<TException>(action);
        Assert.Equal(argument, exception.ParamName);
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    private static float[] Multiply(float[] c, int outputLength, int inputLength, float[] x, int columns, int heads, int threads)
    {
        var y = new float[(long)heads * outputLength * columns];
        int matrices = c.Length / (outputLength + inputLength - 1);
        new ToeplitzPlan(c, outputLength, inputLength, matrices).Multiply(x, y, columns, heads, threads);
        return y;
    }

    private static void Check(int outputLength, int inputLength, int columns, int heads, int seed, int rows = 25)
    {
        var numbers = new Numbers(seed);
        float[] c = numbers.Normals((long)heads * (outputLength + inputLength - 1));
        float[] x = numbers.Normals((long)heads * inputLength * columns);
        CheckAgainst(c, outputLength, inputLength, x, columns, heads, Multiply(c, outputLength, inputLength, x, columns, heads, 2), rows);
    }

    private static void CheckAgainst(float[] c, int outputLength, int inputLength, float[] x, int columns, int heads, float[] y, int rows = 25)
    {
        int diagonals = outputLength + inputLength - 1;
        for (int head = 0; head < heads; head++)
        {
            float[] own = c[(head * diagonals)..((head + 1) * diagonals)];
            for (int column = 0; column < columns; column++)
            {
                float[] operand = [.. Enumerable.Range(0, inputLength).Select(j => x[(((long)head * inputLength) + j) * columns + column])];
                double tolerance = (Kappa * HalfUlp * Norm(own) * Norm(operand)) + float.Epsilon;
                for (int k = 0; k < Math.Min(rows, outputLength); k++)
                {
                    int i = rows >= outputLength ? k : (int)((long)k * (outputLength - 1) / (rows - 1));
                    double expected = 0;
                    for (int j = 0; j < inputLength; j++) expected += (double)own[j - i + outputLength - 1] * operand[j];
                    float came = y[(((long)head * outputLength) + i) * columns + column];
                    Assert.True(
                        Math.Abs(expected - came) <= tolerance,
                        $"{outputLength} × {inputLength}, head {head}, row {i}, column {column}: {came}, expected {expected} ± {tolerance}");
                }
            }
        }
    }

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(value => (double)value * value));
}
