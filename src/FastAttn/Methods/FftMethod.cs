using System.Numerics.Tensors;
using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// Toeplitz products by Fourier transform (Luo et al. 2021, alg. 1), value columns in lanes and two features to a transform,
/// O(n log n · m · d_v). The n × m × d_v tensor never exists: <see cref="LaneConvolution{TKernels}"/> forms φ(k) ⊗ v as it
/// loads and contracts with φ(q) as it stores.
/// </summary>
internal sealed unsafe class FftMethod<TKernels>(LaneFft fft) : AttentionMethod
    where TKernels : struct, IKernels
{
    /// <summary>Features packed at a time: a cache line of each row.</summary>
    private const int ChunkFeatures = 16;

    private readonly SlotTwist _twist = new(fft);

    public override Method Kind => Method.Fft;

    public override PartialSums Compute(in HeadProblem problem, Crew crew, ref Arena arena)
    {
        PartialSums sums = TakeSums<TKernels>(problem, fft.Length, ref arena);
        Balance(problem, sums, ref arena);
        Denominators(problem, sums, ref arena);
        Numerators(problem, sums, ref arena);
        sums.LogScale = problem.KeyLogScale + problem.Position.LogMax;
        return sums;
    }

    /// <summary>
    /// Brings every feature column of φ(k) to a norm near one by a power of two, φ(q) by its inverse: two features share a
    /// complex number, and the loud one's rounding would drown the quiet one. The norms then bound each row's error.
    /// </summary>
    private static void Balance(in HeadProblem problem, in PartialSums sums, ref Arena arena)
    {
        long mark = arena.Mark;
        int stride = problem.FeatureStride;
        float* norms = arena.Take<float>(stride);
        float* valueNorms = arena.Take<float>(stride);
        float* up = arena.Take<float>(stride);
        float* down = arena.Take<float>(stride);
        if (!arena.IsMeasuring)
        {
            // By the largest entry, not by the norm: the square of a quiet column's entries may underflow to a norm of zero.
            LargestEntries(problem, norms);
            for (int a = 0; a < stride; a++)
            {
                int exponent = norms[a] > 0 ? Math.Clamp(Math.ILogB(norms[a]), -120, 120) : 0;
                up[a] = MathF.ScaleB(1, exponent);
                down[a] = MathF.ScaleB(1, -exponent);
            }

            ScaleRows(problem.Key, problem.KeyCount, stride, down);
            ScaleRows(problem.Query, problem.QueryCount, stride, up);
            new Span<float>(norms, stride).Clear();
            new Span<float>(valueNorms, stride).Clear();
            for (int j = 0; j < problem.KeyCount; j++)
            {
                float norm = (float)(problem.ValueNorm[j] * problem.Values.Factor);
                TKernels.AccumulateSquares(problem.Key + ((long)j * stride), stride, 1, norm * norm, norms, valueNorms);
            }

            for (int a = 0; a < stride; a++)
            {
                norms[a] = MathF.Sqrt(norms[a]);
                valueNorms[a] = MathF.Sqrt(valueNorms[a]);
            }

            SetErrors(problem, sums, norms, valueNorms);
        }

        arena.Release(mark);
    }

    private static void LargestEntries(in HeadProblem problem, float* largest)
    {
        var entries = new Span<float>(largest, problem.FeatureStride);
        entries.Clear();
        for (int j = 0; j < problem.KeyCount; j++)
            TensorPrimitives.MaxMagnitude(entries, new ReadOnlySpan<float>(problem.Key + ((long)j * problem.FeatureStride), problem.FeatureStride), entries);
        TensorPrimitives.Abs(entries, entries);
    }

    private static void ScaleRows(float* features, int rows, int stride, float* factors)
    {
        var scale = new ReadOnlySpan<float>(factors, stride);
        for (int row = 0; row < rows; row++)
        {
            var values = new Span<float>(features + ((long)row * stride), stride);
            TensorPrimitives.Multiply(values, scale, values);
        }
    }

    /// <summary>Each row's bound, on top of what underflow of features can lose.</summary>
    private static void SetErrors(in HeadProblem problem, in PartialSums sums, float* norms, float* valueNorms)
    {
        SetUnderflowErrors(problem, sums);
        float unit = (float)(FftErrorBound.Unit * problem.Position.Norm);
        for (int i = 0; i < problem.QueryCount; i++)
        {
            float* query = problem.Query + ((long)i * problem.FeatureStride);
            float norm = 0, valueNorm = 0;
            for (int a = 0; a < problem.Features; a++)
            {
                float size = Math.Abs(query[a]);
                norm += size * norms[a];
                valueNorm += size * valueNorms[a];
            }

            sums.DenominatorErrors[i] += unit * norm;
            sums.NumeratorErrors[i] += unit * valueNorm;
        }
    }

    /// <summary>Toeplitz times φ(k), two vectors of features at a time, dotted with φ(q).</summary>
    private void Denominators(in HeadProblem problem, in PartialSums sums, ref Arena arena)
    {
        long mark = arena.Mark;
        int width = 2 * TKernels.Lanes;
        float* input = arena.Take<float>((long)fft.Length * width);
        float* output = arena.Take<float>((long)fft.Length * width);
        float* work = arena.Take<float>(fft.WorkFloats);
        if (!arena.IsMeasuring)
        {
            float* spectrum = problem.Positions.Spectrum(fft, problem.Head, problem.Offset, problem.QueryCount, problem.KeyCount);
            new Span<float>(sums.Denominators, problem.QueryCount).Clear();
            Clearing.Clear(input, (long)fft.Length * width);
            for (int feature = 0; feature < problem.FeatureStride; feature += width)
            {
                int present = Math.Min(width, problem.FeatureStride - feature);
                for (int j = 0; j < problem.KeyCount; j++)
                {
                    var row = new Span<float>(input + ((long)j * width), width);
                    new ReadOnlySpan<float>(problem.Key + ((long)j * problem.FeatureStride) + feature, present).CopyTo(row);
                    row[present..].Clear();
                }

                LaneConvolution<TKernels>.MultiplyPair(fft, spectrum, input, width, output, width, work);
                for (int i = 0; i < problem.QueryCount; i++)
                    sums.Denominators[i] += TKernels.Dot(problem.Query + ((long)i * problem.FeatureStride) + feature, output + ((long)i * width), present);
            }
        }

        arena.Release(mark);
    }

    private void Numerators(in HeadProblem problem, in PartialSums sums, ref Arena arena)
    {
        long mark = arena.Mark;
        int lanes = TKernels.Lanes, groups = sums.NumeratorStride / lanes;
        int chunk = Math.Min(ChunkFeatures, Padding.RoundUp(problem.Features, 2));
        long groupFloats = (long)fft.Length * lanes;

        // Values are read for the last time before numerators are written as rows: they share memory.
        float* values = sums.Numerators;
        float* numerators = arena.Take<float>(groups * groupFloats);
        float* work = arena.Take<float>(fft.WorkFloats);
        var key = new FeatureColumns(fft.Length, chunk, ref arena);
        var query = new FeatureColumns(fft.Length, chunk, ref arena);
        if (!arena.IsMeasuring)
        {
            float* spectrum = problem.Positions.Spectrum(fft, problem.Head, problem.Offset, problem.QueryCount, problem.KeyCount);
            for (int group = 0; group < groups; group++) SlotOrder.LoadValues<TKernels>(fft, problem.Values, group * lanes, values + (group * groupFloats));
            Clearing.Clear(numerators, groups * groupFloats);
            for (int first = 0; first < problem.Features; first += chunk)
            {
                // Features beyond the last are zero columns within the row's padding.
                int count = Padding.RoundUp(Math.Min(chunk, problem.Features - first), 2);
                key.Load<TKernels>(fft, _twist, problem.Key + first, problem.FeatureStride, problem.KeyCount, count);
                query.Load<TKernels>(fft, _twist, problem.Query + first, problem.FeatureStride, problem.QueryCount, count);
                for (int group = 0; group < groups; group++)
                {
                    for (int a = 0; a < count; a += 2)
                    {
                        LaneConvolution<TKernels>.AccumulateOuter(
                            fft, spectrum, values + (group * groupFloats),
                            key.Plain(a), key.Plain(a + 1), key.Twisted(a), key.Twisted(a + 1),
                            query.Plain(a), query.Plain(a + 1), query.Twisted(a), query.Twisted(a + 1),
                            numerators + (group * groupFloats), work);
                    }
                }
            }

            for (int group = 0; group < groups; group++)
                SlotOrder.StoreRows(fft, numerators + (group * groupFloats), lanes, problem.QueryCount, sums.Numerators + (group * lanes), sums.NumeratorStride);
        }

        arena.Release(mark);
    }
}
