using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Methods;
using FastAttn.Positions;
using FastAttn.Tensors;
using FastAttn.Tests.Infrastructure;
using FastAttn.Threading;

namespace FastAttn.Tests.Methods;

/// <summary>What neglected coefficients cost a row is bounded by the sum over the keys it sees, and hardly more, wherever a chunk of rows begins.</summary>
public sealed unsafe class FarErrorsTests
{
    private const int Count = 2500, FeatureCount = 5;
    private const double Error = 1e-4;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void EveryRowIsBoundedByTheKeysItSees(bool causal)
    {
        var numbers = new Numbers(3);
        float[] query = numbers.Normals(Count * FeatureCount), key = numbers.Normals(Count * FeatureCount);
        double[] norms = [.. Enumerable.Range(0, Count).Select(_ => numbers.Uniform())];
        (float[] denominators, float[] numerators) = Tiers.Visit(Tiers.Current, new Runner(query, key, norms, causal));
        var sums = new double[2 * FeatureCount];
        for (int row = 0, next = 0; row < Count; row++)
        {
            for (; next < (causal ? row + 1 : Count); next++)
            {
                for (int a = 0; a < FeatureCount; a++)
                {
                    double size = Math.Abs(key[(next * FeatureCount) + a]);
                    sums[a] += size;
                    sums[FeatureCount + a] += size * norms[next];
                }
            }

            double denominator = 0, numerator = 0;
            for (int a = 0; a < FeatureCount; a++)
            {
                double size = Math.Abs(query[(row * FeatureCount) + a]);
                denominator += Error * size * sums[a];
                numerator += Error * size * sums[FeatureCount + a];
            }

            // Two percent are added for rounding; 1 is what stood there before.
            Assert.InRange(denominators[row] - 1, denominator * 0.9999, (1.021 * denominator) + 1e-6);
            Assert.InRange(numerators[row] - 1, numerator * 0.9999, (1.021 * numerator) + 1e-6);
        }
    }

    private sealed class Runner(float[] query, float[] key, double[] norms, bool causal) : ITierVisitor<(float[] Denominators, float[] Numerators)>
    {
        /// <summary>Rows that are bounded together, as chunks of rows are.</summary>
        private const int ChunkRows = 301;

        public (float[] Denominators, float[] Numerators) Visit<TKernels>()
            where TKernels : struct, IKernels
        {
            using var memory = new AlignedBuffer(1 << 20);
            var arena = new Arena(memory.Data, memory.Bytes);
            int stride = Padding.RoundUp(FeatureCount, TKernels.Lanes);
            float[] queries = Padded(query, stride), keys = Padded(key, stride), denominators = new float[Count], numerators = new float[Count];
            Array.Fill(denominators, 1);
            Array.Fill(numerators, 1);
            fixed (float* queryRows = queries, keyRows = keys, denominatorErrors = denominators, numeratorErrors = numerators)
            fixed (double* valueNorms = norms)
            {
                var problem = new HeadProblem
                {
                    QueryCount = Count,
                    KeyCount = Count,
                    Features = FeatureCount,
                    FeatureStride = stride,
                    Query = queryRows,
                    Key = keyRows,
                    ValueNorm = valueNorms,
                    Values = new ValueSource(new RowSource(0, 1, Count, 1), null, 1),
                    Positions = new PreparedPosition(null, new PositionExtent(Count, Count, 0, causal ? 0 : Count - 1)),
                };
                var sums = new PartialSums { DenominatorErrors = denominatorErrors, NumeratorErrors = numeratorErrors };
                var errors = new FarErrors<TKernels>(problem, Error, Crew.Alone, ref arena);
                for (int first = 0; first < Count; first += ChunkRows) errors.Add(problem, sums, first, Math.Min(first + ChunkRows, Count), 0);
            }

            return (denominators, numerators);
        }

        private static float[] Padded(float[] rows, int stride)
        {
            float[] padded = new float[Count * stride];
            for (int row = 0; row < Count; row++) rows.AsSpan(row * FeatureCount, FeatureCount).CopyTo(padded.AsSpan(row * stride));
            return padded;
        }
    }
}
