using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Scores;

/// <summary>Softmax attention at the edges of its tiles and its definition: the plain formula in float64, worst element, and what depends on NaN.</summary>
public sealed class SoftmaxEdgeTests
{
    [Theory]
    [InlineData(1, 1, 1, 1, 1, 1, 1, false)]
    [InlineData(1, 1, 1, 5, 7, 3, 2, false)]
    [InlineData(1, 2, 1, 64, 64, 64, 64, true)]
    [InlineData(2, 4, 2, 33, 65, 17, 40, true)]
    [InlineData(1, 6, 3, 129, 129, 80, 96, false)]
    [InlineData(1, 1, 1, 300, 300, 64, 64, true)]
    [InlineData(1, 1, 1, 517, 1031, 16, 16, false)]
    [InlineData(1, 1, 1, 3, 700, 512, 5, true)]
    [InlineData(1, 1, 1, 200, 10, 8, 1000, false)]
    public void Agrees_with_float64(int batch, int heads, int keyHeads, int queries, int keys, int columns, int valueColumns, bool causal)
    {
        foreach (string kind in new[] { "none", "shared", "per head", "steep", "gaps" })
        {
            var problem = new Problem(batch, heads, keyHeads, queries, keys, columns, valueColumns, causal, kind);
            float[] actual = problem.Run(threads: 2);

            // Every weight carries the rounding of its score, at most |score|·γ and here below 60 in magnitude; weighted averages
            // of values of magnitude ≤ 5 inherit it.
            double bound = 5 * 2 * Math.Max(60, columns) * Kernels.Rounding.Gamma(columns + 8);
            double[] expected = problem.Float64();
            for (int i = 0; i < actual.Length; i++)
            {
                if (!(Math.Abs(actual[i] - expected[i]) <= bound))
                    Assert.Fail($"bias {kind}, element {i}: {actual[i]:r}, expected {expected[i]:r}, bound {bound:e2}");
            }
        }
    }

    [Fact]
    public void Worst_error_is_that_of_float32()
    {
        var problem = new Problem(1, 1, 1, 257, 1000, 64, 64, false, "shared");
        double worst = problem.Run(1).Zip(problem.Float64(), (a, b) => Math.Abs(a - b)).Max();
        Assert.InRange(worst, 1e-9, 2e-6);
    }

    /// <summary>Scores beyond float32, of either sign, and rows that do not see the keys that make them.</summary>
    [Theory]
    [InlineData(1e37f, 1e37f, 1f)]
    [InlineData(3e38f, 3e38f, 3e38f)]
    [InlineData(1e30f, 1e30f, 1e-45f)]
    [InlineData(1e-30f, 3e38f, 3e38f)]
    [InlineData(1f, 3e38f, 1f)]
    public void Scores_of_any_size(float querySize, float keySize, float scale)
    {
        // Row 0 sees keys 0 and 1, of which it likes 1; row 1 sees all and likes 2; row 2, of zeros, likes all alike.
        float[] q = [-querySize, 0, querySize, querySize, 0, 0], k = [keySize / 2, 0, -keySize, 0, keySize, keySize], v = [1, 2, 4], z = new float[3];
        using var attention = new SoftmaxAttention(
            new AttentionShape(1, 3, 2) { ValueDimension = 1 }, new SoftmaxAttentionOptions { Scale = scale, Causal = true, QueryOffset = 1 });
        attention.Forward(q.AsSpan(), k, v, z);
        double unit = (double)querySize * keySize * scale, first = Math.Exp(-1.5 * unit), second = Math.Exp(-1.5 * unit), third = Math.Exp(-3 * unit);
        Assert.Equal((first + 2) / (first + 1), z[0], 1e-5);
        Assert.Equal((second + (2 * third) + 4) / (second + third + 1), z[1], 1e-5);
        Assert.Equal(7.0 / 3, z[2], 1e-5);
    }

    /// <summary>Row 0 sees only keys whose biases are large: the nearest one counts, and among equal biases the scores do.</summary>
    [Theory]
    [InlineData(1e38f)]
    [InlineData(3e38f)]
    [InlineData(1e12f)]
    [InlineData(1e5f)]
    public void Biases_of_any_size(float slope)
    {
        float[] q = [1, 1, 1, 1], k = [0, 0, 3, 5], v = [1, 2, 4, 8], z = new float[4];
        using (var alibi = new SoftmaxAttention(new AttentionShape(1, 4, 1), position: RelativePosition.Alibi([slope])))
        {
            alibi.Forward(q.AsSpan(), k, v, z, keyMask: [false, false, true, true]);
            Assert.Equal([4, 4, 4, 8], z);
        }

        // Offset 0 has no bias, all others have the same: row 0 sees keys 2 and 3 only.
        float[] table = [.. Enumerable.Range(-3, 7).Select(offset => offset == 0 ? 0 : -slope)];
        using var dense = new SoftmaxAttention(new AttentionShape(1, 4, 1), new SoftmaxAttentionOptions { Scale = 1 }, RelativePosition.Dense(table, 4, 4));
        dense.Forward(q.AsSpan(), k, v, z, keyMask: [false, false, true, true]);
        Assert.Equal((4 + (8 * Math.Exp(2))) / (1 + Math.Exp(2)), z[0], 1e-5);
        Assert.Equal(4, z[2]);
    }

    /// <summary>The special query's biases are all the same and large, and the tokens of the grid have none.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    public void Large_biases_of_special_tokens(int prefix, int suffix)
    {
        float[] q = [1, 1, 1, 1, 1], k = [0, 1, 2, 3, 4], v = [1, 2, 4, 8, 16], z = new float[5];
        var special = new SpecialTokens { Prefix = prefix, Suffix = suffix, SpecialToGrid = [-1e30f], SpecialToSpecial = [-1e30f] };
        using var attention = new SoftmaxAttention(
            new AttentionShape(1, 5, 1), new SoftmaxAttentionOptions { Scale = 1 }, RelativePosition.Grid(new float[9], 2, 2, special));
        attention.Forward(q.AsSpan(), k, v, z);
        double weights = k.Sum(key => Math.Exp(key)), expected = k.Zip(v, (key, value) => Math.Exp(key) * value).Sum() / weights;
        Assert.All(z, element => Assert.Equal(expected, element, 1e-5));
    }

    [Fact]
    public void A_row_that_sees_no_key_is_zeros()
    {
        var problem = new Problem(1, 1, 1, 70, 70, 8, 8, true, "all removed");
        Assert.All(problem.Run(1), element => Assert.Equal(0f, element));
    }

    [Fact]
    public void A_constant_added_to_the_bias_changes_only_rounding()
    {
        var problem = new Problem(1, 1, 1, 100, 100, 16, 16, false, "shared");
        float[] before = problem.Run(1);
        for (int i = 0; i < problem.Bias.Length; i++) problem.Bias[i] += 8;
        float[] after = problem.Run(1);
        for (int i = 0; i < before.Length; i++) Assert.Equal(before[i], after[i], 1e-5f);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Non_finite_numbers_reach_exactly_what_depends_on_them(float bad)
    {
        const int Length = 140, Columns = 16;
        var problem = new Problem(1, 1, 1, Length, Length, Columns, Columns, true, "none");
        float[] clean = problem.Run(1);
        problem.Query[(3 * Columns) + 2] = bad;
        problem.Key[(100 * Columns) + 1] = bad;
        problem.Value[(90 * Columns) + 5] = bad;
        float[] actual = problem.Run(1);
        for (int i = 0; i < Length; i++)
        {
            for (int column = 0; column < Columns; column++)
            {
                bool poisoned = i == 3 || i >= 100 || (i >= 90 && column == 5);
                Assert.Equal(poisoned ? float.NaN : clean[(i * Columns) + column], actual[(i * Columns) + column]);
            }
        }
    }

    private sealed class Problem
    {
        private readonly AttentionShape _shape;
        private readonly bool _causal;

        public Problem(int batch, int heads, int keyHeads, int queries, int keys, int columns, int valueColumns, bool causal, string bias)
        {
            _shape = new AttentionShape(heads, queries, columns) { Batch = batch, KeyHeads = keyHeads, KeyLength = keys, ValueDimension = valueColumns };
            _causal = causal;
            var numbers = new Numbers(queries + keys);
            Query = numbers.Normals((long)batch * heads * queries * columns);
            Key = numbers.Normals((long)batch * keyHeads * keys * columns);
            Value = [.. numbers.Normals((long)batch * keyHeads * keys * valueColumns).Select(value => Math.Clamp(value, -5, 5))];
            int offsets = queries + keys - 1;
            Bias = bias switch
            {
                "none" => [],
                "per head" => numbers.Normals(heads * offsets, 2),
                "steep" => [.. Enumerable.Range(0, offsets).Select(t => -0.7f * Math.Abs(t - queries + 1))],
                "gaps" => [.. numbers.Normals(offsets).Select((value, t) => t % 3 == 0 || t < queries / 2 ? float.NegativeInfinity : value)],
                "all removed" => [.. Enumerable.Repeat(float.NegativeInfinity, offsets)],
                _ => numbers.Normals(offsets),
            };
        }

        public float[] Query { get; }

        public float[] Key { get; }

        public float[] Value { get; }

        public float[] Bias { get; }

        public float[] Run(int threads)
        {
            float[] destination = [.. Enumerable.Repeat(float.NaN, _shape.Batch * _shape.Heads * _shape.QueryLength * _shape.ValueDimension)];
            using var attention = new SoftmaxAttention(
                _shape, new SoftmaxAttentionOptions { Causal = _causal, Threads = threads },
                Bias.Length == 0 ? null : RelativePosition.Dense(Bias, _shape.QueryLength, _shape.KeyLength, Bias.Length / (_shape.QueryLength + _shape.KeyLength - 1)));
            attention.Forward(Query, Key, Value, destination);
            return destination;
        }

        public double[] Float64()
        {
            (int queries, int keys, int columns, int valueColumns) = (_shape.QueryLength, _shape.KeyLength, _shape.HeadDimension, _shape.ValueDimension);
            int offsets = queries + keys - 1;
            var result = new double[_shape.Batch * _shape.Heads * queries * valueColumns];
            for (int head = 0; head < _shape.Batch * _shape.Heads; head++)
            {
                int keyHead = head / (_shape.Heads / _shape.KeyHeads);
                for (int i = 0; i < queries; i++)
                {
                    var scores = new double[keys];
                    for (int j = 0; j < keys; j++)
                    {
                        for (int a = 0; a < columns; a++)
                            scores[j] += (double)Query[(((head * queries) + i) * columns) + a] * Key[(((keyHead * keys) + j) * columns) + a];
                        scores[j] /= Math.Sqrt(columns);
                        if (Bias.Length > 0) scores[j] += Bias[(Bias.Length > offsets ? head % _shape.Heads * offsets : 0) + j - i + queries - 1];
                        if (_causal && j > keys - queries + i) scores[j] = double.NegativeInfinity;
                    }

                    double maximum = scores.Max(), sum = 0;
                    if (double.IsNegativeInfinity(maximum)) continue;
                    for (int j = 0; j < keys; j++)
                    {
                        double weight = Math.Exp(scores[j] - maximum);
                        sum += weight;
                        for (int column = 0; column < valueColumns; column++)
                            result[(((head * queries) + i) * valueColumns) + column] += weight * Value[(((keyHead * keys) + j) * valueColumns) + column];
                    }

                    for (int column = 0; column < valueColumns; column++) result[(((head * queries) + i) * valueColumns) + column] /= sum;
                }
            }

            return result;
        }
    }
}
