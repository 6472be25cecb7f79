using FastAttn.Kernels;

namespace FastAttn.Tests.Kernels;

/// <summary>The register-tiled products against float64, every element within the bound that its own terms give.</summary>
public unsafe class TileKernelTests
{
    public static TheoryData<KernelSet> Kernels => KernelSet.OfThisHost();

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Row_tile_and_lanes_fit_a_key_block(KernelSet kernels)
    {
        Assert.InRange(kernels.RowTile, 1, 32);
        Assert.Equal(0, KernelShape.KeyTile % kernels.Lanes);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Generated_dimensions_are_those_asked_for(KernelSet kernels)
    {
        int[] asked = [16, 32, 64, 80, 96, 128];
        Assert.Equal(asked, Enumerable.Range(1, 512).Where(kernels.HasValueDimension));
        Assert.Equal(asked, Enumerable.Range(1, 512).Where(kernels.HasHeadDimension));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Products_are_exact_to_their_bound_for_every_small_shape(KernelSet kernels)
    {
        int[] depths = [0, 1, 2, 3, 7, 16, 17, 32, 40, 64, 80, 96, 112, 128, 256, 257, 300];
        foreach (int depth in depths)
        {
            for (int vectors = 0; vectors <= 9; vectors++)
            {
                for (int rows = 0; rows <= 2 * kernels.RowTile; rows++)
                {
                    CheckProduct(kernels, adds: true, rows, depth, vectors * kernels.Lanes);
                    if (depth == 0) continue;
                    CheckProduct(kernels, adds: false, rows, depth, vectors * kernels.Lanes);
                    CheckProduct(kernels, adds: false, rows, depth, vectors * kernels.Lanes, isScaled: true);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void AttentionTile_is_exact_to_its_bound_for_every_small_shape(KernelSet kernels)
    {
        int[] features = [1, 2, 5, 16, 31, 64, 130];
        int[] valueDimensions = [16, 32, 48, 64, 80, 96, 112, 128, 144, 208];
        foreach (int depth in features)
        {
            foreach (int columns in valueDimensions)
            {
                for (int tiles = 0; tiles <= 6; tiles++)
                {
                    foreach (int keys in (int[])[KernelShape.KeyTile, KernelShape.HalfTile])
                    {
                        CheckAttentionTile(kernels, tiles * kernels.RowTile, keys, depth, columns, coefficientStride: -1);
                        CheckAttentionTile(kernels, tiles * kernels.RowTile, keys, depth, columns, coefficientStride: KernelShape.KeyTile + 3);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_vector_of_columns_does_not_depend_on_the_columns_beside_it(KernelSet kernels)
    {
        const int Depth = 64;
        int rows = kernels.RowTile, wide = 9 * kernels.Lanes;
        using var a = new GuardedFloats(Numbers(1, rows * Depth));
        using var b = new GuardedFloats(Numbers(2, Depth * wide));
        using var whole = new GuardedFloats(rows * wide);
        kernels.MultiplyAdd(rows, Depth, wide, a.Pointer, Depth, b.Pointer, wide, whole.Pointer, wide);
        for (int column = 0; column + (4 * kernels.Lanes) <= wide; column += kernels.Lanes)
        {
            using var part = new GuardedFloats(rows * wide);
            kernels.MultiplyAdd(rows, Depth, 4 * kernels.Lanes, a.Pointer, Depth, b.Pointer + column, wide, part.Pointer, wide);
            for (int i = 0; i < rows; i++)
                Assert.Equal(whole.ToArray().AsSpan((i * wide) + column, 2 * kernels.Lanes), part.ToArray().AsSpan(i * wide, 2 * kernels.Lanes));
        }
    }

    private static float[] Numbers(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2) - 1))];
    }

    private static void CheckProduct(KernelSet kernels, bool adds, int rows, int depth, int columns, bool isScaled = false)
    {
        // Strides wider than the rows, each by another amount, with the last row cut off where its data ends.
        int aStride = depth + 3, bStride = columns + 16, cStride = columns + 32;
        float[] left = Numbers(1, Extent(rows, depth, aStride)), right = Numbers(2, Extent(depth, columns, bStride));
        float[] before = Numbers(3, Extent(rows, columns, cStride));
        using var a = new GuardedFloats(left);
        using var b = new GuardedFloats(right);
        using var c = new GuardedFloats(before);
        float[] factors = isScaled ? Numbers(4, rows) : [.. Enumerable.Repeat(1f, rows)];
        using var rowFactors = new GuardedFloats(factors);
        if (adds) kernels.MultiplyAdd(rows, depth, columns, a.Pointer, aStride, b.Pointer, bStride, c.Pointer, cStride);
        else if (isScaled) kernels.MultiplyScaled(rows, depth, columns, a.Pointer, aStride, b.Pointer, bStride, rowFactors.Pointer, c.Pointer, cStride);
        else kernels.Multiply(rows, depth, columns, a.Pointer, aStride, b.Pointer, bStride, c.Pointer, cStride);
        double gamma = Rounding.Gamma((kernels.Fused ? depth : 2 * depth) + (isScaled ? 3 : 2));
        for (int position = 0; position < before.Length; position++)
        {
            int i = position / cStride, j = position % cStride;
            double sum = adds || j >= columns ? before[position] : 0, magnitude = Math.Abs(sum);
            for (int k = 0; k < depth && j < columns; k++)
            {
                double term = (double)left[(i * aStride) + k] * right[(k * bStride) + j] * factors[i];
                sum += term;
                magnitude += Math.Abs(term);
            }

            double error = Math.Abs(c.Pointer[position] - sum), bound = j < columns ? gamma * magnitude : 0;
            Assert.True(error <= bound, $"{kernels} {rows}×{depth}×{columns} [{i},{j}]: error {error:e2}, bound {bound:e2}");
        }
    }

    private static void CheckAttentionTile(KernelSet kernels, int rows, int keys, int features, int columns, int coefficientStride)
    {
        const int KeyStride = KernelShape.KeyTile;
        int queryStride = features + 1, valueStride = columns + 16, numeratorStride = columns + 48, lanes = kernels.Lanes;
        float[] queries = Numbers(1, Extent(rows, features, queryStride)), keyBlock = Numbers(2, Extent(features, keys, KeyStride));
        float[] valueBlock = Numbers(3, Extent(keys, columns, valueStride)), before = Numbers(4, Extent(rows, columns, numeratorStride));
        int lastRow = Math.Max(rows - 1, 0) * coefficientStride, origin = Math.Max(-lastRow, 0);
        float[] coefficients = Numbers(5, keys + Math.Abs(lastRow)), sumsBefore = Numbers(6, rows * lanes);
        using var query = new GuardedFloats(queries);
        using var key = new GuardedFloats(keyBlock);
        using var value = new GuardedFloats(valueBlock);
        using var coefficient = new GuardedFloats(coefficients);
        using var numerators = new GuardedFloats(before);
        using var rowSums = new GuardedFloats(sumsBefore);
        kernels.AttentionTile(
            rows, keys, features, columns, query.Pointer, queryStride, key.Pointer, coefficient.Pointer + origin, coefficientStride,
            value.Pointer, valueStride, numerators.Pointer, numeratorStride, rowSums.Pointer);

        int scoreRoundings = (kernels.Fused ? features : 2 * features) + 1;
        double sumGamma = Rounding.Gamma(scoreRoundings + keys + 1);
        double numeratorGamma = Rounding.Gamma(scoreRoundings + (kernels.Fused ? keys : 2 * keys) + 2);
        var weights = new double[keys];
        var weightMagnitudes = new double[keys];
        for (int i = 0; i < rows; i++)
        {
            double sum = 0, sumMagnitude = 0;
            for (int j = 0; j < keys; j++)
            {
                double score = 0, magnitude = 0;
                for (int k = 0; k < features; k++)
                {
                    double term = (double)queries[(i * queryStride) + k] * keyBlock[(k * KeyStride) + j];
                    score += term;
                    magnitude += Math.Abs(term);
                }

                weights[j] = score * coefficients[origin + j + (i * coefficientStride)];
                weightMagnitudes[j] = magnitude * Math.Abs(coefficients[origin + j + (i * coefficientStride)]);
                sum += weights[j];
                sumMagnitude += weightMagnitudes[j];
            }

            double lanesSum = 0;
            for (int lane = 0; lane < lanes; lane++)
            {
                lanesSum += rowSums.Pointer[(i * lanes) + lane];
                sum += sumsBefore[(i * lanes) + lane];
                sumMagnitude += Math.Abs(sumsBefore[(i * lanes) + lane]);
            }

            AssertWithin(lanesSum, sum, sumGamma * sumMagnitude, $"{kernels} {rows}×{keys}×{features}×{columns} row sum {i}");
            for (int column = 0; column < columns; column++)
            {
                int position = (i * numeratorStride) + column;
                double expected = before[position], magnitude = Math.Abs(expected);
                for (int j = 0; j < keys; j++)
                {
                    double element = valueBlock[(j * valueStride) + column];
                    expected += weights[j] * element;
                    magnitude += weightMagnitudes[j] * Math.Abs(element);
                }

                AssertWithin(
                    numerators.Pointer[position], expected, numeratorGamma * magnitude, $"{kernels} {rows}×{keys}×{features}×{columns} [{i},{column}]");
            }
        }

        for (int position = 0; position < before.Length; position++)
        {
            if (position % numeratorStride >= columns) Assert.Equal(before[position], numerators.Pointer[position]);
        }
    }

    private static void AssertWithin(double actual, double expected, double bound, string what)
    {
        if (!(Math.Abs(actual - expected) <= bound)) Assert.Fail($"{what}: {actual:r}, expected {expected:r}, bound {bound:e2}");
    }

    private static int Extent(int rows, int columns, int stride) => rows == 0 ? 0 : ((rows - 1) * stride) + columns;
}
