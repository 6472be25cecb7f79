using FastAttn.Kernels;

namespace FastAttn.Tests.Kernels;

/// <summary>
/// The tile of softmax attention against float64, in memory that ends where its data end: every element within the bound that its
/// own terms give, relative to the references that the kernel left.
/// </summary>
public unsafe class SoftmaxKernelTests
{
    private const int Keys = KernelShape.KeyTile;

    /// <summary>Binary logarithm of the largest weight that the contract allows.</summary>
    private const double Threshold = 8;

    public static TheoryData<KernelSet> Kernels => KernelSet.OfThisHost();

    [Theory]
    [MemberData(nameof(Kernels))]
    public void SoftmaxTile_is_exact_to_its_bound_for_every_small_shape(KernelSet kernels)
    {
        foreach (int dimension in (int[])[1, 2, 5, 16, 31, 64, 130])
        {
            foreach (int columns in (int[])[16, 32, 48, 64, 80, 96, 112, 128, 144, 208])
            {
                for (int tiles = 0; tiles <= 6; tiles++)
                {
                    new Case(kernels, tiles * kernels.RowTile, dimension, columns, spread: 1, reference: float.MinValue).Check();
                    new Case(kernels, tiles * kernels.RowTile, dimension, columns, spread: 1, reference: 2).Check();
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void References_rise_only_when_a_weight_would_pass_the_threshold(KernelSet kernels)
    {
        // From scores far below the reference to scores far above it: the threshold lies between.
        for (float reference = -200; reference <= 200; reference += 3)
            new Case(kernels, 4 * kernels.RowTile, 16, 64, spread: 5, reference).Check();
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Headroom_divides_every_weight(KernelSet kernels)
    {
        foreach (int headroom in (int[])[1, 40, 60])
        {
            foreach (float reference in (float[])[float.MinValue, 0, 20])
                new Case(kernels, 2 * kernels.RowTile, 16, 64, spread: 5, reference) { Headroom = headroom }.Check();
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_row_with_nothing_to_see_is_left_alone(KernelSet kernels)
    {
        Case problem = new(kernels, 2 * kernels.RowTile, 16, 64, spread: 1, reference: float.MinValue);
        problem.KeyBlock.AsSpan(0, Keys).Fill(float.NegativeInfinity);
        problem.Check();
        problem = new(kernels, 2 * kernels.RowTile, 16, 64, spread: 1, reference: 3);
        problem.Biases.AsSpan().Fill(float.NegativeInfinity);
        problem.Check();
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Scores_at_the_end_of_the_range_are_scores_like_others(KernelSet kernels)
    {
        // A bias of the lowest finite number removes nothing: such keys share the row among them.
        Case problem = new(kernels, kernels.RowTile, 1, 16, spread: 1, reference: float.MinValue);
        problem.Biases.AsSpan().Fill(float.MinValue);
        problem.KeyBlock.AsSpan(0, Keys).Clear();
        (float[] references, float[] rowSums, _) = problem.Run();
        Assert.All(references, reference => Assert.Equal(float.MinValue, reference));
        Assert.Equal(kernels.RowTile * Keys, rowSums.Sum());
    }

    private static float[] Numbers(int seed, int count, double spread)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(((random.NextDouble() * 2) - 1) * spread))];
    }

    private static int Extent(int rows, int columns, int stride) => rows == 0 ? 0 : ((rows - 1) * stride) + columns;

    private sealed class Case
    {
        private readonly KernelSet _kernels;
        private readonly int _rows;
        private readonly int _dimension;
        private readonly int _columns;
        private readonly int _queryStride;
        private readonly int _valueStride;
        private readonly int _numeratorStride;
        private readonly float _reference;
        private readonly float[] _queries;
        private readonly float[] _values;
        private readonly float[] _numerators;
        private readonly float[] _rowSums;

        public Case(KernelSet kernels, int rows, int dimension, int columns, double spread, float reference)
        {
            (_kernels, _rows, _dimension, _columns, _reference) = (kernels, rows, dimension, columns, reference);
            (_queryStride, _valueStride, _numeratorStride) = (dimension + 1, columns + 16, columns + 48);
            _queries = Numbers(1, Extent(rows, dimension, _queryStride), spread);
            KeyBlock = Numbers(2, (1 + dimension) * Keys, spread);
            for (int key = 0; key < Keys; key += 7) KeyBlock[key] = float.NegativeInfinity;
            _values = Numbers(3, Extent(Keys, columns, _valueStride), 1);
            Biases = Numbers(5, Keys + Math.Max(rows - 1, 0), spread);
            for (int offset = 3; offset < Biases.Length; offset += 11) Biases[offset] = float.NegativeInfinity;

            // A row that has seen nothing yet has no sums.
            double before = reference == float.MinValue ? 0 : 1;
            _numerators = Numbers(4, Extent(rows, columns, _numeratorStride), before);
            _rowSums = [.. Numbers(6, rows * kernels.Lanes, before).Select(Math.Abs)];
        }

        public float[] KeyBlock { get; }

        public float[] Biases { get; }

        public int Headroom { get; init; }

        public (float[] References, float[] RowSums, float[] Numerators) Run()
        {
            using var query = new GuardedFloats(_queries);
            using var key = new GuardedFloats(KeyBlock);
            using var bias = new GuardedFloats(Biases);
            using var value = new GuardedFloats(_values);
            using var numerators = new GuardedFloats(_numerators);
            using var references = new GuardedFloats([.. Enumerable.Repeat(_reference, _rows)]);
            using var rowSums = new GuardedFloats(_rowSums);
            _kernels.SoftmaxTile(
                _rows, _dimension, _columns, query.Pointer, _queryStride, key.Pointer, bias.Pointer + Math.Max(_rows - 1, 0), -1,
                value.Pointer, _valueStride, numerators.Pointer, _numeratorStride, Headroom, references.Pointer, rowSums.Pointer);
            return (references.ToArray(), rowSums.ToArray(), numerators.ToArray());
        }

        public void Check()
        {
            (float[] references, float[] rowSums, float[] numerators) = Run();
            var weights = new double[Keys];
            var errors = new double[Keys];
            for (int i = 0; i < _rows; i++)
            {
                (double[] scores, double scoreError) = Scores(i);
                double best = scores.Max(), reference = references[i];
                bool rises = best > _reference + Threshold + scoreError, stays = !(best > _reference + Threshold - scoreError);
                if (rises || (!stays && reference != _reference)) AssertWithin(reference, best, scoreError, $"reference {i}");
                else Assert.Equal(_reference, references[i]);

                // An error of the exponent is one of the weight; the difference is rounded once more, the power within 2 ulp.
                double factor = Math.Pow(2, _reference - reference);
                for (int j = 0; j < Keys; j++)
                {
                    weights[j] = Math.Pow(2, scores[j] - reference - Headroom);
                    double exponentError = double.IsNegativeInfinity(scores[j]) ? 0 : scoreError + (Math.Abs(scores[j] - reference) * Rounding.Gamma(1));
                    errors[j] = (weights[j] * ((Math.Log(2) * exponentError) + Rounding.Gamma(4))) + Math.ScaleB(1, -126);
                }

                CheckSum(i, factor, weights, errors, rowSums);
                for (int column = 0; column < _columns; column++) CheckNumerator(i, column, factor, weights, errors, numerators);
            }

            for (int position = 0; position < numerators.Length; position++)
            {
                if (position % _numeratorStride >= _columns) Assert.Equal(_numerators[position], numerators[position]);
            }
        }

        /// <summary>Scores of a row, and how far each may be off: the roundings of its sum relative to the largest sum of magnitudes.</summary>
        private (double[] Scores, double Error) Scores(int i)
        {
            var scores = new double[Keys];
            double largest = 0;
            for (int j = 0; j < Keys; j++)
            {
                double added = (double)KeyBlock[j] + Biases[Math.Max(_rows - 1, 0) + j - i], score = 0, magnitude = 0;
                for (int k = 0; k < _dimension; k++)
                {
                    double term = (double)_queries[(i * _queryStride) + k] * KeyBlock[((1 + k) * Keys) + j];
                    score += term;
                    magnitude += Math.Abs(term);
                }

                scores[j] = score + added;
                if (!double.IsNegativeInfinity(added)) largest = Math.Max(largest, magnitude + Math.Abs(KeyBlock[j]) + Math.Abs(added));
            }

            return (scores, largest * Rounding.Gamma((_kernels.Fused ? 1 : 2) * (_dimension + 2)));
        }

        private void CheckSum(int i, double factor, double[] weights, double[] errors, float[] rowSums)
        {
            double actual = 0, expected = weights.Sum(), error = errors.Sum();
            for (int lane = 0; lane < _kernels.Lanes; lane++)
            {
                actual += rowSums[(i * _kernels.Lanes) + lane];
                expected += factor * _rowSums[(i * _kernels.Lanes) + lane];
            }

            // The sums before follow by a factor that has the error of a weight relative to the old reference.
            error += expected * (Rounding.Gamma(Keys + 6) + ((Math.Abs(_reference) > 1e30 ? 0 : Math.Abs(_reference) + 200) * Rounding.Gamma(1)));
            AssertWithin(actual, expected, error, $"row sum {i}");
        }

        private void CheckNumerator(int i, int column, double factor, double[] weights, double[] errors, float[] numerators)
        {
            double before = factor * _numerators[(i * _numeratorStride) + column], expected = before, magnitude = Math.Abs(before), error = 0;
            for (int j = 0; j < Keys; j++)
            {
                double element = _values[(j * _valueStride) + column];
                expected += weights[j] * element;
                magnitude += weights[j] * Math.Abs(element);
                error += errors[j] * Math.Abs(element);
            }

            error += magnitude * (Rounding.Gamma((_kernels.Fused ? 1 : 2) * (Keys + 6)) + ((Math.Abs(_reference) > 1e30 ? 0 : Math.Abs(_reference) + 200) * Rounding.Gamma(1)));
            AssertWithin(numerators[(i * _numeratorStride) + column], expected, error, $"numerator [{i},{column}]");
        }

        private void AssertWithin(double actual, double expected, double bound, string what)
        {
            if (!(Math.Abs(actual - expected) <= bound))
                Assert.Fail($"{_kernels} {_rows}×{_dimension}×{_columns}, reference {_reference}, headroom {Headroom}: {what} is {actual:r}, expected {expected:r}, bound {bound:e2}");
        }
    }
}
