using FastAttn.Attention;
using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Methods;
using FastAttn.Positions;
using FastAttn.Tensors;
using FastAttn.Tests.Infrastructure;
using FastAttn.Threading;

namespace FastAttn.Tests.Methods;

/// <summary>Keys that stay: however they were appended the sums have the same bits, they are right, and what is there stays as it is.</summary>
public sealed unsafe class KeptKeysTests
{
    private const int Dimension = 20, Columns = 13, Most = 400;

    public static TheoryData<FeatureMap> Maps => [FeatureMap.Prf, FeatureMap.Trf, FeatureMap.Elu, FeatureMap.Relu, FeatureMap.Sikf, FeatureMap.Dpfp];

    [Theory]
    [MemberData(nameof(Maps))]
    public void AnySplitGivesTheSameBits(FeatureMap map)
    {
        var numbers = new Numbers(1);
        foreach (int count in (int[])[1, 63, 64, 65, 200, 321])
        {
            var problem = new Problem(map, numbers, count, loudness: 1);
            float[] expected = problem.Ask([count]);
            Assert.Equal(expected, problem.Ask([.. Enumerable.Repeat(1, count)]));
            Assert.Equal(expected, problem.Ask([count / 2, count - (count / 2)]));
            Assert.Equal(expected, problem.Ask(Splits(numbers, count)));
            Assert.Equal(expected, problem.Ask([count], threads: 3));
        }
    }

    /// <summary>Also where later keys are far louder than earlier ones, and values too.</summary>
    [Theory]
    [MemberData(nameof(Maps))]
    public void SumsAreThoseOfTheFeatures(FeatureMap map)
    {
        var numbers = new Numbers(2);
        foreach (double loudness in (double[])[1, 1.03, 0.97])
        {
            foreach (int count in (int[])[1, 65, 300])
            {
                double worst = new Problem(map, numbers, count, loudness).WorstShare(Splits(numbers, count));
                Assert.True(worst <= 1, $"{count} keys, each {loudness} times the one before: {worst} of what rounding may do");
            }
        }
    }

    [Fact]
    public void AppendingTouchesNoFullBlock() => Tiers.Visit(Tiers.Current, new Untouched());

    private static int[] Splits(Numbers numbers, int count)
    {
        var parts = new List<int>();
        for (int left = count; left > 0; left -= parts[^1]) parts.Add(Math.Min(numbers.Between(1, 90), left));
        return [.. parts];
    }

    private static FeatureStage Stage<TKernels>(FeatureMap map)
        where TKernels : struct, IKernels
    {
        var options = new KernelizedAttentionOptions { FeatureMap = map, Features = map is FeatureMap.Prf or FeatureMap.Trf or FeatureMap.Relu ? 24 : null };
        var settings = new KernelizedAttentionSettings(new AttentionShape(1, Most, Dimension), options);
        return new FeatureMapStages(settings, settings.ProjectionOf(options)).Visit<TKernels>();
    }

    private static RowSource Rows(float* rows, int first, int count, int columns) => new((nint)(rows + ((long)first * columns)), columns, count, columns);

    /// <summary>Seven queries at the end of the keys, causal, with a bias and with masked keys.</summary>
    private sealed class Problem(FeatureMap map, Numbers numbers, int count, double loudness)
    {
        private const int Queries = 7;

        private readonly FeatureMap _map = map;
        private readonly int _count = count;
        private readonly float[] _query = numbers.Normals(Queries * Dimension);
        private readonly float[] _key = Growing(numbers, count, Dimension, loudness);
        private readonly float[] _value = Growing(numbers, count, Columns, loudness);
        private readonly bool[] _mask = [.. Enumerable.Range(0, count).Select(j => j % 9 != 4)];
        private readonly RelativePosition _position = RelativePosition.T5(numbers.Normals(32));

        public float[] Ask(int[] splits, int threads = 1) => Tiers.Visit(Tiers.Current, new Asking(this, splits, threads)).Bits;

        public double WorstShare(int[] splits) => Tiers.Visit(Tiers.Current, new Asking(this, splits, 1)).Worst;

        private static float[] Growing(Numbers numbers, int rows, int columns, double loudness)
        {
            float[] all = numbers.Normals((long)rows * columns);
            for (int i = 0; i < all.Length; i++) all[i] *= (float)Math.Pow(loudness, i / columns);
            return all;
        }

        private sealed class Asking(Problem problem, int[] splits, int threads) : ITierVisitor<(float[] Bits, double Worst)>
        {
            public (float[] Bits, double Worst) Visit<TKernels>()
                where TKernels : struct, IKernels
            {
                FeatureStage stage = Stage<TKernels>(problem._map);
                using var kept = new KeptKeys<TKernels>(stage, 0, Columns);
                fixed (float* query = problem._query, key = problem._key, value = problem._value)
                {
                    int first = 0;
                    foreach (int part in splits)
                    {
                        kept.Append(Rows(key, first, part, Dimension), Rows(value, first, part, Columns), problem._mask.AsSpan(first, part));
                        first += part;
                    }

                    Assert.Equal(problem._count, kept.Count);
                    for (int j = 0; j < problem._count; j++)
                        Assert.Equal(problem._mask[j] ? (RowState.Kept, RowState.Kept) : (RowState.Masked, RowState.Masked), kept.States(j));
                    using var memory = new AlignedBuffer(1 << 22);
                    var arena = new Arena(memory.Data, memory.Bytes);
                    float* queries = Map(stage, Rows(query, 0, Queries, Dimension), RowRole.Query, out double* queryScales, ref arena);
                    var asked = new HeadProblem
                    {
                        QueryCount = Queries,
                        Features = stage.Features,
                        FeatureStride = stage.Stride,
                        Query = queries,
                        QueryLogScales = queryScales,
                        Positions = problem._position.Prepare(new PositionExtent(Most, Most, 0, 0)),
                        Offset = Queries - problem._count - 1,
                    };
                    Crew crew = Crew.Enlist(threads);
                    (PartialSums sums, float factor) = kept.Ask(asked, crew, ref arena);
                    crew.Dismiss();
                    float[] bits = new float[Queries * (Columns + 1)];
                    for (int i = 0; i < Queries; i++)
                    {
                        new ReadOnlySpan<float>(sums.Numerators + ((long)i * sums.NumeratorStride), Columns).CopyTo(bits.AsSpan(i * (Columns + 1)));
                        bits[(i * (Columns + 1)) + Columns] = sums.Denominators[i];
                    }

                    float* keys = Map(stage, Rows(key, 0, problem._count, Dimension), RowRole.Key, out double* keyScales, ref arena);
                    return (bits, Worst<TKernels>(asked, sums, factor, stage, queries, keys, keyScales));
                }
            }

            private static float* Map(FeatureStage stage, RowSource rows, RowRole role, out double* scales, ref Arena arena)
            {
                float* features = arena.Take<float>((long)stage.PaddedRows(rows.Count) * stage.Stride);
                scales = arena.Take<double>(stage.PaddedRows(rows.Count));
                RowState* states = arena.Take<RowState>(rows.Count);
                new Span<RowState>(states, rows.Count).Clear();
                stage.Map(rows, role, 0, logarithmic: false, states, features, scales, Crew.Alone, ref arena);
                return features;
            }

            /// <summary>The worst error of any row, over what rounding may do to sums of terms of these sizes.</summary>
            private double Worst<TKernels>(in HeadProblem asked, in PartialSums sums, float factor, FeatureStage stage, float* queries, float* keys, double* keyScales)
                where TKernels : struct, IKernels
            {
                double worst = 0, rounding = SumRounding<TKernels>.Direct + ((stage.Features + 8) / (double)(1 << 24));
                for (int i = 0; i < Queries; i++)
                {
                    double[] expected = new double[Columns + 1], size = new double[Columns + 1];
                    for (int j = 0; j < problem._count; j++)
                    {
                        int offset = asked.OffsetBetween(i, j);
                        if (!problem._mask[j] || !asked.Position.IsVisible(offset)) continue;
                        double weight = Math.Exp(asked.Position.Bias(offset) + keyScales[j] - sums.LogScale), product = 0, products = 0;
                        for (int a = 0; a < stage.Features; a++)
                        {
                            double term = (double)queries[((long)i * stage.Stride) + a] * keys[((long)j * stage.Stride) + a];
                            product += term;
                            products += Math.Abs(term);
                        }

                        for (int c = 0; c <= Columns; c++)
                        {
                            double value = c < Columns ? problem._value[(j * Columns) + c] * (double)factor : 1;
                            expected[c] += weight * product * value;
                            size[c] += weight * products * Math.Abs(value);
                        }
                    }

                    for (int c = 0; c <= Columns; c++)
                    {
                        double got = c < Columns ? sums.Numerators[((long)i * sums.NumeratorStride) + c] : sums.Denominators[i];
                        double allowed = (rounding * size[c]) + (c < Columns ? sums.NumeratorErrors[i] : sums.DenominatorErrors[i]);
                        worst = Math.Max(worst, double.IsNaN(got) ? double.PositiveInfinity : Math.Abs(got - expected[c]) / allowed);
                    }
                }

                return worst;
            }
        }
    }

    private sealed class Untouched : ITierVisitor<bool>
    {
        public bool Visit<TKernels>()
            where TKernels : struct, IKernels
        {
            var numbers = new Numbers(3);
            float[] key = numbers.Normals(Most * Dimension), value = numbers.Normals(Most * Columns);
            for (int i = 70 * Dimension; i < key.Length; i++) key[i] *= 50;
            using var kept = new KeptKeys<TKernels>(Stage<TKernels>(FeatureMap.Elu), 0, Columns);
            fixed (float* keys = key, values = value)
            {
                kept.Append(Rows(keys, 0, 70, Dimension), Rows(values, 0, 70, Columns));
                KeptBlock block = kept.Full(0);
                float[] before = new ReadOnlySpan<float>(block.Keys, 64 * Dimension).ToArray(), valuesBefore = new ReadOnlySpan<float>(block.Values, 64 * Columns).ToArray();
                (double scale, float factor) = (block.LogScale, block.ValueFactor);
                kept.Append(Rows(keys, 70, Most - 70, Dimension), Rows(values, 70, Most - 70, Columns));
                Assert.Same(block, kept.Full(0));
                Assert.Equal(before, new ReadOnlySpan<float>(block.Keys, 64 * Dimension).ToArray());
                Assert.Equal(valuesBefore, new ReadOnlySpan<float>(block.Values, 64 * Columns).ToArray());
                Assert.Equal((scale, factor), (block.LogScale, block.ValueFactor));
            }

            return true;
        }
    }
}
