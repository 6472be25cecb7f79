using System.Numerics.Tensors;
using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// Toeplitz products by Fourier transform (Luo et al. 2021, alg. 1), value columns in lanes and two features to a transform,
/// O(n log n · m · d_v). The n × m × d_v tensor never exists: <see cref="LaneConvolution{TKernels}"/> forms φ(k) ⊗ v as it
/// loads and contracts with φ(q) as it stores. A few tokens beyond the transform go by <see cref="SurplusPairs{TKernels}"/>.
/// </summary>
internal sealed unsafe class FftMethod<TKernels> : AttentionMethod
    where TKernels : struct, IKernels
{
    /// <summary>Features packed at a time: a cache line of each row.</summary>
    private const int ChunkFeatures = 16;

    /// <summary>Columns of the transform whose slots are loaded at a time.</summary>
    private const int ColumnsAtOnce = 8;

    private readonly LaneFft _fft;
    private readonly SlotTokens _tokens;
    private readonly SlotTwist _twist;

    /// <param name="fft">The transform; as long as the places of tokens, or shorter by as many as <see cref="SurplusTokens"/> allows.</param>
    /// <param name="layout">Where tokens stand.</param>
    /// <param name="tokens">How many of a grid there are.</param>
    public FftMethod(LaneFft fft, TokenLayout layout, int tokens)
    {
        _fft = fft;
        _tokens = new SlotTokens(fft, layout, tokens);
        _twist = new SlotTwist(fft, _tokens.Runs);
    }

    public override Method Kind => Method.Fft;

    public override PartialSums Compute(in HeadProblem problem, Crew crew, ref Arena arena)
    {
        PartialSums sums = TakeSums<TKernels>(problem, _tokens.Slots, ref arena);
        var surplus = SurplusPairs<TKernels>.Beyond(_tokens.Layout.IsLine ? _fft.Length : int.MaxValue, problem);
        HeadProblem transformed = surplus.Transformed(problem);
        FeatureBalance<TKernels>.Run(problem, transformed.QueryCount, sums, crew, ref arena);
        Denominators(transformed, sums, crew, ref arena);
        Numerators(transformed, sums, crew, ref arena);
        surplus.Add(problem, sums, crew, ref arena);
        sums.LogScale = problem.KeyLogScale + problem.Position.LogMax;
        return sums;
    }

    /// <summary>Toeplitz times φ(k), two vectors of features at a time, dotted with φ(q).</summary>
    private void Denominators(in HeadProblem problem, in PartialSums sums, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        int width = 2 * TKernels.Lanes, groups = (problem.FeatureStride + width - 1) / width, workers = Math.Min(crew.Workers, groups);
        float* parts = arena.Take<float>((long)groups * problem.QueryCount);
        float* work = arena.Take<float>(workers * DenominatorGroups.WorkFloats(_fft));
        if (!arena.IsMeasuring)
        {
            float* spectrum = Spectrum(problem);
            crew.Run(new DenominatorGroups(_fft, _tokens, problem, spectrum, parts, work), groups, workers);
            var denominators = new Span<float>(sums.Denominators, problem.QueryCount);
            denominators.Clear();
            for (int group = 0; group < groups; group++)
                TensorPrimitives.Add(denominators, new ReadOnlySpan<float>(parts + ((long)group * problem.QueryCount), problem.QueryCount), denominators);
        }

        arena.Release(mark);
    }

    private void Numerators(in HeadProblem problem, in PartialSums sums, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        int lanes = TKernels.Lanes, groups = sums.NumeratorStride / lanes, workers = Math.Min(crew.Workers, groups);
        int chunk = Math.Min(ChunkFeatures, Padding.RoundUp(problem.Features, 2));
        long groupFloats = (long)_tokens.Slots * lanes;

        // Values are read for the last time before numerators are written as rows: they share memory.
        float* values = sums.Numerators;
        float* numerators = arena.Take<float>(groups * groupFloats);
        float* work = arena.Take<float>(workers * _fft.WorkFloats);
        var key = new FeatureColumns(_tokens.Slots, chunk, ref arena);
        var query = new FeatureColumns(_tokens.Slots, chunk, ref arena);
        if (!arena.IsMeasuring)
        {
            float* spectrum = Spectrum(problem);
            crew.Run(new Loading(_fft, _tokens, problem.Values, values, numerators), groups);
            int ranges = (_tokens.Runs.Columns + ColumnsAtOnce - 1) / ColumnsAtOnce;
            for (int first = 0; first < problem.Features; first += chunk)
            {
                // Features beyond the last are zero columns within the row's padding.
                int count = Padding.RoundUp(Math.Min(chunk, problem.Features - first), 2);
                crew.Run(new ChunkColumns(_fft, _tokens, _twist, problem, key, query, first, count, ranges), 2 * ranges);
                crew.Run(new NumeratorGroups(_fft, _tokens, spectrum, key, query, count, values, numerators, work), groups, workers);
            }

            crew.Run(new Storing(_fft, _tokens, numerators, problem.QueryCount, sums), groups);
        }

        arena.Release(mark);
    }

    /// <summary>The matrix is Toeplitz in the places of tokens, which on a grid have gaps: rows of zeros in, rows of no use out.</summary>
    private float* Spectrum(in HeadProblem problem) =>
        problem.Positions.Spectrum(_fft, problem.Head, problem.Offset, problem.QueryCount, problem.KeyCount, _tokens.Pitch);

    /// <summary>Denominators' shares, one of each group of two vectors of features.</summary>
    private readonly struct DenominatorGroups(LaneFft fft, SlotTokens tokens, HeadProblem problem, float* spectrum, float* parts, float* work) : IParallelWork
    {
        /// <summary>What one worker needs.</summary>
        public static long WorkFloats(LaneFft fft) => fft.WorkFloats + (4L * TKernels.Lanes * fft.Length);

        public void Run(int index, int worker)
        {
            int width = 2 * TKernels.Lanes, feature = index * width, present = Math.Min(width, problem.FeatureStride - feature);
            float* own = work + (worker * WorkFloats(fft)), input = own + fft.WorkFloats, output = input + ((long)fft.Length * width);
            int next = 0;
            for (int j = 0; j < problem.KeyCount; j++)
            {
                int place = tokens.Place(j);
                if (place > next) Clearing.Clear(input + ((long)next * width), (long)(place - next) * width);
                var row = new Span<float>(input + ((long)place * width), width);
                new ReadOnlySpan<float>(problem.Key + ((long)j * problem.FeatureStride) + feature, present).CopyTo(row);
                row[present..].Clear();
                next = place + 1;
            }

            Clearing.Clear(input + ((long)next * width), (long)(fft.Length - next) * width);
            LaneConvolution<TKernels>.MultiplyPair(fft, spectrum, input, width, output, width, own);
            float* part = parts + ((long)index * problem.QueryCount);
            for (int i = 0; i < problem.QueryCount; i++)
                part[i] = TKernels.Dot(problem.Query + ((long)i * problem.FeatureStride) + feature, output + ((long)tokens.Place(i) * width), present);
        }
    }

    /// <summary>Values of each group of columns into slots, and the numerators there cleared.</summary>
    private readonly struct Loading(LaneFft fft, SlotTokens tokens, ValueSource source, float* values, float* numerators) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            long groupFloats = (long)tokens.Slots * TKernels.Lanes;
            SlotOrder.LoadValues<TKernels>(fft, tokens, source, index * TKernels.Lanes, values + (index * groupFloats));
            Clearing.Clear(numerators + (index * groupFloats), groupFloats);
        }
    }

    /// <summary>A chunk's columns of φ(k), and then of φ(q), a few of the transform's columns at a time.</summary>
    private readonly struct ChunkColumns(
        LaneFft fft, SlotTokens tokens, SlotTwist twist, HeadProblem problem, FeatureColumns key, FeatureColumns query, int feature, int count, int ranges) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = index % ranges * ColumnsAtOnce, end = Math.Min(first + ColumnsAtOnce, tokens.Runs.Columns);
            if (index < ranges) key.Load<TKernels>(fft, tokens, twist, problem.Key + feature, problem.FeatureStride, problem.KeyCount, count, first, end);
            else query.Load<TKernels>(fft, tokens, twist, problem.Query + feature, problem.FeatureStride, problem.QueryCount, count, first, end);
        }
    }

    /// <summary>What a chunk of features adds to the numerators, one of each group of value columns.</summary>
    private readonly struct NumeratorGroups(
        LaneFft fft, SlotTokens tokens, float* spectrum, FeatureColumns key, FeatureColumns query, int count, float* values, float* numerators, float* work) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            long groupFloats = (long)tokens.Slots * TKernels.Lanes;
            for (int a = 0; a < count; a += 2)
            {
                LaneConvolution<TKernels>.AccumulateOuter(
                    fft, tokens.Runs, spectrum, values + (index * groupFloats),
                    key.Plain(a), key.Plain(a + 1), key.Twisted(a), key.Twisted(a + 1),
                    query.Plain(a), query.Plain(a + 1), query.Twisted(a), query.Twisted(a + 1),
                    numerators + (index * groupFloats), work + (worker * fft.WorkFloats));
            }
        }
    }

    /// <summary>Numerators of each group of columns back into rows.</summary>
    private readonly struct Storing(LaneFft fft, SlotTokens tokens, float* numerators, int rows, PartialSums sums) : IParallelWork
    {
        public void Run(int index, int worker) => SlotOrder.StoreRows(
            fft, tokens, numerators + ((long)index * tokens.Slots * TKernels.Lanes), TKernels.Lanes, rows, sums.Numerators + (index * TKernels.Lanes), sums.NumeratorStride);
    }
}
