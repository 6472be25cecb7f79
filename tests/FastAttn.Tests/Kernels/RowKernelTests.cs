namespace FastAttn.Tests.Kernels;

/// <summary>Elementwise kernels and reductions against float64, for every count 0…67, in memory that ends where the row ends.</summary>
public unsafe class RowKernelTests
{
    private const int LongestRow = 67;

    public static TheoryData<KernelSet> Kernels => KernelSet.OfThisHost();

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Max_finds_the_largest_wherever_it_stands(KernelSet kernels)
    {
        Assert.Equal(float.NegativeInfinity, kernels.Max(null, 0));
        for (int count = 1; count <= LongestRow; count++)
        {
            for (int largest = 0; largest < count; largest++)
            {
                float[] row = Numbers(count, count, -9, -1);
                row[largest] = -0.5f;
                using var x = new GuardedFloats(row);
                Assert.Equal(-0.5f, kernels.Max(x.Pointer, count));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void MaxOfSum_finds_the_largest_sum(KernelSet kernels)
    {
        Assert.Equal(float.NegativeInfinity, kernels.MaxOfSum(null, null, 0));
        for (int count = 1; count <= LongestRow; count++)
        {
            float[] first = Numbers(1, count), second = Numbers(2, count);
            second[count / 2] = float.NegativeInfinity;
            using var x = new GuardedFloats(first);
            using var y = new GuardedFloats(second);
            Assert.Equal(first.Zip(second, (a, b) => a + b).Max(), kernels.MaxOfSum(x.Pointer, y.Pointer, count));
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void AllFinite_sees_one_bad_element_wherever_it_stands(KernelSet kernels)
    {
        Assert.True(kernels.AllFinite(null, 0));
        for (int count = 1; count <= LongestRow; count++)
        {
            float[] row = Numbers(count, count);
            row[0] = float.MaxValue;
            row[^1] = -float.MaxValue;
            using (var x = new GuardedFloats(row)) Assert.True(kernels.AllFinite(x.Pointer, count));
            foreach (float bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
            {
                for (int at = 0; at < count; at++)
                {
                    using var x = new GuardedFloats(row);
                    x.Pointer[at] = bad;
                    Assert.False(kernels.AllFinite(x.Pointer, count), $"{bad} at {at} of {count}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Elementwise_results_do_not_depend_on_the_position_in_the_row(KernelSet kernels)
    {
        float[] row = Numbers(5, LongestRow, -20, 4);
        float[] Apply(int start, int count, Action<nint, int> kernel)
        {
            using var x = new GuardedFloats(row.AsSpan(start, count).ToArray());
            kernel((nint)x.Pointer, count);
            return x.ToArray();
        }

        (string Name, Action<nint, int> Kernel)[] elementwise =
        [
            ("ExpShifted", (x, count) => kernels.ExpShifted((float*)x, count, 0.7f)),
            ("EluPlusOne", (x, count) => kernels.EluPlusOne((float*)x, count)),
            ("ReluPlus", (x, count) => kernels.ReluPlus((float*)x, count, 1e-3f)),
            ("Scale", (x, count) => kernels.Scale((float*)x, (float*)x, count, 1.7f)),
            ("AddScaled", (x, count) => kernels.AddScaled((float*)x, (float*)x, count, 0.3f)),
        ];
        foreach ((string name, Action<nint, int> kernel) in elementwise)
        {
            float[] whole = Apply(0, LongestRow, kernel);
            for (int start = 0; start < LongestRow; start++)
            {
                float[] part = Apply(start, LongestRow - start, kernel);
                Assert.True(part.AsSpan().SequenceEqual(whole.AsSpan(start)), $"{name} from {start}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Exponential_maps_are_within_two_ulp(KernelSet kernels)
    {
        for (int count = 0; count <= LongestRow; count++)
        {
            float[] row = Numbers(count, count, -30, 10);
            using var shifted = new GuardedFloats(row);
            kernels.ExpShifted(shifted.Pointer, count, 1.25f);
            using var elu = new GuardedFloats(row);
            kernels.EluPlusOne(elu.Pointer, count);
            for (int i = 0; i < count; i++)
            {
                AssertUlps(shifted.Pointer[i], Math.Exp(row[i] - 1.25f), 2, $"exp({row[i]:r} − 1.25)");
                AssertUlps(elu.Pointer[i], row[i] >= 0 ? row[i] + 1.0 : Math.Exp(row[i]), 2, $"elu({row[i]:r}) + 1");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Relative_exponentials_take_each_row_relative_to_its_own_maximum_and_clear_its_padding(KernelSet kernels)
    {
        CheckRelative(kernels, kernels.ExpRelative, Math.Exp, -130, 0);

        // Below the smallest normal number, that number is what a power of two may be off by.
        CheckRelative(kernels, kernels.Exp2Relative, x => Math.Pow(2, x), -180, 1.17549435e-38);
    }

    private unsafe delegate void RelativeKernel(float* x, nint stride, int rows, int columns, float* largest);

    private static void CheckRelative(KernelSet kernels, RelativeKernel kernel, Func<double, double> power, int lowest, double slack)
    {
        foreach (int rows in (int[])[0, 1, 2, 3, kernels.Lanes, (2 * kernels.Lanes) + 3])
        {
            for (int columns = 1; columns <= LongestRow; columns++)
            {
                int width = (columns + kernels.Lanes - 1) / kernels.Lanes * kernels.Lanes, stride = width + 3;
                float[] before = Numbers(columns, Math.Max(((rows - 1) * stride) + width, 0), lowest, -1);

                // The largest of a row wanders; padding is larger, and must not count.
                for (int i = 0; i < before.Length; i++) before[i] = i % stride >= columns ? 50 : before[i];
                for (int row = 0; row < rows; row++) before[(row * stride) + ((row + (7 * columns)) % columns)] = row - 0.5f;
                using var x = new GuardedFloats(before);
                using var largest = new GuardedFloats(new float[rows]);
                kernel(x.Pointer, stride, rows, columns, largest.Pointer);
                for (int i = 0; i < before.Length; i++)
                {
                    (int row, int column) = Math.DivRem(i, stride);
                    double expected = power(before[i] - (row - 0.5f));
                    if (column < columns && expected < slack) Assert.InRange(x.Pointer[i], 0, slack);
                    else if (column < columns) AssertUlps(x.Pointer[i], expected, 2, $"row {row}, column {column} of {columns}");
                    else Assert.Equal(column < width ? 0f : before[i], x.Pointer[i]);
                }

                for (int row = 0; row < rows; row++) Assert.Equal(row - 0.5f, largest.Pointer[row]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void MaxRows_and_ReluRows_take_whole_vectors_of_each_row(KernelSet kernels)
    {
        foreach (int rows in (int[])[0, 1, 2, 3, kernels.Lanes, (2 * kernels.Lanes) + 3])
        {
            for (int columns = 1; columns <= LongestRow; columns++)
            {
                int width = (columns + kernels.Lanes - 1) / kernels.Lanes * kernels.Lanes, stride = width + 3;
                float[] before = Numbers(columns, Math.Max(((rows - 1) * stride) + width, 0), -9, 3), factors = Numbers(2, rows, 0, 4);
                using var x = new GuardedFloats(before);
                using var largest = new GuardedFloats(new float[rows]);
                using var rowFactors = new GuardedFloats(factors);
                kernels.MaxRows(x.Pointer, stride, rows, columns, largest.Pointer);
                for (int row = 0; row < rows; row++) Assert.Equal(before.AsSpan(row * stride, width).ToArray().Max(), largest.Pointer[row]);
                kernels.ReluRows(x.Pointer, stride, rows, columns, 0.125f, rowFactors.Pointer);
                for (int i = 0; i < before.Length; i++)
                {
                    (int row, int column) = Math.DivRem(i, stride);
                    Assert.Equal(column < width ? (Math.Max(before[i], 0) + 0.125f) * factors[row] : before[i], x.Pointer[i]);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Sines_take_the_place_of_their_angles_and_cosines_stand_behind_them(KernelSet kernels)
    {
        foreach (int rows in (int[])[0, 1, 2, 5])
        {
            for (int columns = 1; columns <= LongestRow; columns++)
            {
                int width = Math.Max((columns + kernels.Lanes - 1) / kernels.Lanes * kernels.Lanes, 2 * columns), stride = width + 3;
                float[] before = Numbers(columns, Math.Max(((rows - 1) * stride) + width, 0), -3, 3);
                using var x = new GuardedFloats(before);
                kernels.SineCosine(x.Pointer, stride, rows, columns);
                for (int i = 0; i < before.Length; i++)
                {
                    (int row, int column) = Math.DivRem(i, stride);
                    double turns = before[(row * stride) + (column % columns)], quarters = Math.Round(4 * turns), rest = 2 * Math.PI * (turns - (quarters / 4));

                    // The place on the circle from the nearest quarter, where nothing cancels.
                    int quarter = ((int)quarters + (column < columns ? 0 : 1)) & 3;
                    double expected = (quarter < 2 ? 1 : -1) * (quarter % 2 == 0 ? Math.Sin(rest) : Math.Cos(rest));
                    if (column < 2 * columns) AssertUlps(x.Pointer[i], expected, 2, $"row {row}, column {column} of {columns}");
                    else Assert.Equal(before[i], x.Pointer[i]);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void EluPlusOne_is_one_at_zero_and_passes_nan(KernelSet kernels)
    {
        float* x = stackalloc float[] { 0f, -0f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, -float.Epsilon };
        kernels.EluPlusOne(x, 7);
        Assert.Equal([1f, 1f, float.NaN, float.PositiveInfinity, 0f, 1f, 1f], new ReadOnlySpan<float>(x, 7).ToArray());
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Sums_of_exponentials_are_exact_to_their_bound(KernelSet kernels)
    {
        for (int count = 0; count <= LongestRow; count++)
        {
            float[] first = Numbers(1, count, -5, 5), second = Numbers(2, count, -5, 5);
            if (count > 2) second[2] = float.NegativeInfinity;
            using var x = new GuardedFloats(first);
            using var y = new GuardedFloats(second);
            double expected = first.Zip(second, (a, b) => Math.Exp((a + b) - 0.5f)).Sum();

            // Two ulp and a rounding of each argument for the terms, which are all positive, then the additions.
            double bound = expected * (Rounding.Gamma(4 + count) + (12 * Rounding.Unit));
            double sum = kernels.SumExpOfSum(x.Pointer, y.Pointer, count, 0.5f);
            Assert.True(Math.Abs(sum - expected) <= bound, $"{count}: {sum:r}, expected {expected:r}");
            Assert.Equal(first, x.ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Simple_maps_round_once(KernelSet kernels)
    {
        for (int count = 0; count <= LongestRow; count++)
        {
            float[] row = Numbers(1, count), other = Numbers(2, count);
            using var x = new GuardedFloats(row);
            using var y = new GuardedFloats(other);
            kernels.Scale(x.Pointer, y.Pointer, count, 3.3f);
            Assert.Equal(row.Select(element => element * 3.3f), y.ToArray());

            using var relu = new GuardedFloats(row);
            kernels.ReluPlus(relu.Pointer, count, 1e-3f);
            Assert.Equal(row.Select(element => MathF.Max(element, 0) + 1e-3f), relu.ToArray());

            using var added = new GuardedFloats(other);
            kernels.AddScaled(x.Pointer, added.Pointer, count, -1.7f);
            for (int i = 0; i < count; i++)
            {
                double product = row[i] * (double)-1.7f, expected = other[i] + product;
                double bound = Rounding.Gamma(kernels.Fused ? 1 : 2) * (kernels.Fused ? Math.Abs(expected) : Math.Abs(other[i]) + Math.Abs(product));
                Assert.InRange(added.Pointer[i] - expected, -bound, bound);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Dot_and_squares_are_exact_to_their_bound(KernelSet kernels)
    {
        for (int count = 0; count <= LongestRow + 200; count++)
        {
            float[] row = Numbers(1, count), other = Numbers(2, count), before = Numbers(3, count);
            using var x = new GuardedFloats(row);
            using var y = new GuardedFloats(other);
            double gamma = Rounding.Gamma(count + 1);
            double dot = row.Zip(other, (a, b) => (double)a * b).Sum(), magnitude = row.Zip(other, (a, b) => Math.Abs((double)a * b)).Sum();
            Assert.InRange(kernels.Dot(x.Pointer, y.Pointer, count) - dot, -gamma * magnitude, gamma * magnitude);

            using var first = new GuardedFloats(before);
            using var second = new GuardedFloats(before);
            kernels.AccumulateSquares(x.Pointer, count, 0.25f, 3f, first.Pointer, second.Pointer);
            for (int i = 0; i < count; i++)
            {
                double square = (double)row[i] * row[i];
                double Bound(double a) => Rounding.Gamma(3) * (Math.Abs(before[i]) + (a * square));
                Assert.InRange(first.Pointer[i] - (before[i] + (0.25 * square)), -Bound(0.25), Bound(0.25));
                Assert.InRange(second.Pointer[i] - (before[i] + (3 * square)), -Bound(3), Bound(3));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void TransposeScaled_moves_and_multiplies_every_element_and_no_other(KernelSet kernels)
    {
        for (int rows = 0; rows <= 35; rows++)
        {
            for (int columns = 0; columns <= 35; columns++)
            {
                int sourceStride = columns + 2, destinationStride = rows + 3;
                float[] matrix = Numbers(rows, rows == 0 ? 0 : ((rows - 1) * sourceStride) + columns), factors = Numbers(columns, rows);
                float[] before = Numbers(7, columns == 0 ? 0 : ((columns - 1) * destinationStride) + rows);
                using var source = new GuardedFloats(matrix);
                using var scale = new GuardedFloats(factors);
                using var destination = new GuardedFloats(before);
                kernels.TransposeScaled(source.Pointer, sourceStride, rows, columns, scale.Pointer, destination.Pointer, destinationStride);
                for (int position = 0; position < before.Length; position++)
                {
                    int column = position / destinationStride, row = position % destinationStride;
                    float expected = row < rows ? matrix[(row * sourceStride) + column] * factors[row] : before[position];
                    Assert.Equal(expected, destination.Pointer[position]);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void CopyRows_and_ScaleRows_move_every_element_and_no_more_than_whole_vectors(KernelSet kernels)
    {
        for (int rows = 0; rows <= 5; rows++)
        {
            for (int columns = 0; columns <= 70; columns++)
            {
                int width = (columns + kernels.Lanes - 1) / kernels.Lanes * kernels.Lanes, destinationStride = width + 3;
                foreach (int sourceStride in (int[])[-1, width, width + 2])
                {
                    int lastRow = Math.Max(rows - 1, 0) * sourceStride, origin = Math.Max(-lastRow, 0);
                    float[] from = Numbers(rows, Math.Abs(lastRow) + width), before = Numbers(7, Math.Max(((rows - 1) * destinationStride) + width, 0));
                    using var source = new GuardedFloats(from);
                    using var destination = new GuardedFloats(before);
                    kernels.CopyRows(source.Pointer + origin, sourceStride, rows, columns, destination.Pointer, destinationStride);
                    float[] factors = Numbers(9, rows);
                    using var rowFactors = new GuardedFloats(factors);
                    using var scaled = new GuardedFloats(before);
                    kernels.ScaleRows(source.Pointer + origin, sourceStride, rows, columns, rowFactors.Pointer, scaled.Pointer, destinationStride);
                    for (int position = 0; position < before.Length; position++)
                    {
                        int row = position / destinationStride, column = position % destinationStride;
                        if (column < columns)
                        {
                            float number = from[origin + (row * sourceStride) + column];
                            Assert.Equal(number, destination.Pointer[position]);
                            Assert.Equal(number * factors[row], scaled.Pointer[position]);
                        }

                        if (column < width) continue;
                        Assert.Equal(before[position], destination.Pointer[position]);
                        Assert.Equal(before[position], scaled.Pointer[position]);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void SegmentedProduct_multiplies_every_segment_an_element_has(KernelSet kernels)
    {
        foreach (int segments in (int[])[1, 2, 3, 7])
        {
            for (int longest = 0; longest <= LongestRow; longest++)
            {
                // Each segment is a little shorter than the one before, some end within a vector, the last ones may be empty.
                int[] counts = [.. Enumerable.Range(0, segments).Select(segment => Math.Max(longest - (segment * segment * 3), 0))];
                const int Rows = 3;
                int width = (longest + kernels.Lanes - 1) / kernels.Lanes * kernels.Lanes, sum = counts.Sum(), xStride = sum + 5, yStride = width + 3;
                float[] before = Numbers(longest, ((Rows - 1) * xStride) + sum + kernels.Lanes - 1), kept = Numbers(7, ((Rows - 1) * yStride) + width);
                using var x = new GuardedFloats(before);
                using var y = new GuardedFloats(kept);
                using var largest = new GuardedFloats(Rows);
                fixed (int* lengths = counts) kernels.SegmentedProduct(x.Pointer, xStride, Rows, lengths, segments, y.Pointer, yStride, largest.Pointer);
                for (int position = 0; position < kept.Length; position++)
                {
                    (int row, int column) = Math.DivRem(position, yStride);
                    float expected = column < width ? 0 : kept[position];
                    if (column < longest)
                    {
                        expected = before[(row * xStride) + column];
                        for (int segment = 1, start = counts[0]; segment < segments && counts[segment] > column; start += counts[segment++])
                            expected *= before[(row * xStride) + start + column];
                    }

                    Assert.Equal(expected, y.Pointer[position]);
                }

                for (int row = 0; row < Rows; row++)
                {
                    float expected = 0;
                    for (int column = 0; column < longest; column++) expected = MathF.Max(expected, MathF.Abs(y.Pointer[(row * yStride) + column]));
                    Assert.Equal(expected, largest.Pointer[row]);
                }
            }
        }
    }

    private static float[] Numbers(int seed, int count, double low = -3, double high = 3)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(low + (random.NextDouble() * (high - low))))];
    }

    private static void AssertUlps(float actual, double expected, double ulps, string what)
    {
        double error = Math.Abs(actual - expected) / Rounding.Ulp(expected);
        if (!(error <= ulps)) Assert.Fail($"{what}: {actual:r}, expected {expected:r}, {error:f2} ulp");
    }
}
