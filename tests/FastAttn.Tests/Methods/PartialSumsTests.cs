using FastAttn.Features;
using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Methods;
using FastAttn.Positions;
using FastAttn.Tensors;
using FastAttn.Threading;
using Xunit;

namespace FastAttn.Tests.Methods;

/// <summary>
/// The contract of every method: sums over disjoint ranges of keys, each with an offset and a log-scale of its own, add up to
/// the sums over all keys once they are brought to a common scale. Sequences split over machines will rest on it.
/// </summary>
public unsafe class PartialSumsTests
{
    private const int Queries = 90, Keys = 200, Split = 77, FeatureCount = 12, Columns = 5;

    [Theory]
    [InlineData(Method.Direct, true)]
    [InlineData(Method.Fft, true)]
    [InlineData(Method.Linear, false)]
    [InlineData(Method.Band, true)]
    [InlineData(Method.Decay, true)]
    [InlineData(Method.Multipole, true)]
    public void ShardsOfKeysAddUp(Method method, bool biased)
    {
        var random = new Random(3);
        float[] bias = [.. Enumerable.Range(1 - Queries, Queries + Keys - 1).Select(t => method switch
        {
            Method.Band => t is > -20 and < 30 ? (float)random.NextDouble() : 0.5f,
            Method.Decay => (t is > -20 and < 30 ? (float)random.NextDouble() : 0.5f) - (0.02f * Math.Abs(t)),
            Method.Multipole => -0.1f * MathF.Log(1 + Math.Abs(t)),
            _ => (float)random.NextDouble(),
        })];
        var positions = new PreparedPosition(biased ? RelativePosition.Dense(bias, Queries, Keys) : null, new PositionExtent(Queries, Keys, 0, Keys - 1));
        float[] query = Uniform(random, Queries * FeatureCount), key = Uniform(random, Keys * FeatureCount), value = Uniform(random, Keys * Columns);
        double[][] whole = Run(method, positions, query, key, value, 0, Keys, keyLogScale: 0);

        // The second shard keeps its keys at another log-scale: e⁻³ times as large, with 3 to make up for it.
        double[][] first = Run(method, positions, query, key, value, 0, Split, keyLogScale: 0);
        double[][] second = Run(method, positions, query, [.. key.Select(x => x * MathF.Exp(-3))], value, Split, Keys, keyLogScale: 3);
        for (int i = 0; i < Queries; i++)
        {
            for (int c = 0; c <= Columns; c++)
            {
                // Positive sums of at most 200·12 float32 products; the Fourier method's bound is below 1e-5 for such even data.
                Assert.Equal(whole[i][c], first[i][c] + second[i][c], 2e-5 * whole[i][c]);
            }
        }
    }

    private static float[] Uniform(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => 0.5f + random.NextSingle())];

    /// <summary>Numerators and, last, the denominator of every query, in absolute terms.</summary>
    private static double[][] Run(
        Method method, PreparedPosition positions, float[] query, float[] key, float[] value, int firstKey, int endKey, double keyLogScale) =>
        Tiers.Visit(Tiers.Current, new Runner(method, positions, query, key, value, firstKey, endKey, keyLogScale));

    private sealed class Runner(
        Method method, PreparedPosition positions, float[] query, float[] key, float[] value, int firstKey, int endKey, double keyLogScale)
        : ITierVisitor<double[][]>
    {
        public double[][] Visit<TKernels>()
            where TKernels : struct, IKernels
        {
            int keys = endKey - firstKey, stride = Padding.RoundUp(FeatureCount, TKernels.Lanes);
            AttentionMethod chosen = method switch
            {
                Method.Fft => new FftMethod<TKernels>(LaneFft.Get(LaneFft.NextLength(Math.Max(Queries, keys)), TKernels.Lanes), TokenLayout.Line, keys),
                Method.Linear => new LinearMethod<TKernels>(),
                Method.Multipole => new MultipoleMethod<TKernels>(new TailAllowance(1e-4f, false)),
                Method.Band or Method.Decay => new TailScanMethod<TKernels>(method, new TailAllowance(1e-4f, false)),
                _ => new DirectMethod<TKernels>(),
            };
            using var memory = new AlignedBuffer(1 << 22);
            new Span<byte>(memory.Data, 1 << 22).Clear();
            var arena = new Arena(memory.Data, memory.Bytes);
            float* queryRows = Rows(query, 0, Queries, stride, ref arena), keyRows = Rows(key, firstKey, keys, stride, ref arena);
            float* values = arena.Take<float>((long)keys * Columns);
            value.AsSpan(firstKey * Columns, keys * Columns).CopyTo(new Span<float>(values, keys * Columns));
            double* norms = arena.Take<double>(keys);
            new Span<double>(norms, keys).Fill(1);
            var problem = new HeadProblem
            {
                QueryCount = Queries,
                KeyCount = keys,
                Features = FeatureCount,
                FeatureStride = stride,
                Query = queryRows,
                Key = keyRows,
                KeyLogScale = keyLogScale,
                Values = new ValueSource(new RowSource((nint)values, Columns, keys, Columns), arena.Take<RowState>(keys), 1),
                ValueNorm = norms,
                Positions = positions,
                Offset = firstKey,
            };
            PartialSums sums = chosen.Compute(problem, default, Crew.Alone, ref arena);
            double scale = Math.Exp(sums.LogScale);
            double[][] result = new double[Queries][];
            for (int i = 0; i < Queries; i++)
            {
                result[i] = new double[Columns + 1];
                for (int c = 0; c < Columns; c++) result[i][c] = sums.Numerators[((long)i * sums.NumeratorStride) + c] * scale;
                result[i][Columns] = sums.Denominators[i] * scale;
            }

            return result;
        }

        private static float* Rows(float[] source, int first, int count, int stride, ref Arena arena)
        {
            float* rows = arena.Take<float>((long)Padding.RoundUp(count, KernelShape.KeyTile * 3) * stride);
            for (int row = 0; row < count; row++)
                source.AsSpan((first + row) * FeatureCount, FeatureCount).CopyTo(new Span<float>(rows + ((long)row * stride), FeatureCount));
            return rows;
        }
    }
}
