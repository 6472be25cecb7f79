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
/// loads and contracts with φ(q) as it stores. A few tokens beyond the transform go by <see cref="SurplusPairs{TKernels}"/>,
/// special ones beside a grid by <see cref="SpecialPairs{TKernels}"/>.
/// </summary>
internal sealed unsafe class FftMethod<TKernels> : AttentionMethod
    where TKernels : struct, IKernels
{
    /// <summary>Features packed at a time: a cache line of each row.</summary>
    private const int ChunkFeatures = 16;

    private readonly LaneFft _fft;
    private readonly SlotTokens _tokens;
    private readonly SlotTwist _twist;

    /// <param name="fft">The transform; as long as the places of tokens, or shorter by as many as <see cref="SurplusTokens"/> allows.</param>
    /// <param name="layout">Where tokens stand.</param>
    /// <param name="tokens">How many of a grid there are.</param>
    public FftMethod(LaneFft fft, TokenLayout layout, int tokens)
    {
        _fft = fft;
        _tokens = layout.Specials == 0 ? new SlotTokens(fft, layout, tokens) : new SlotTokens(fft, layout.WithoutSpecials, layout.GridTokens);
        _twist = new SlotTwist(fft, _tokens.Runs);
    }

    public override Method Kind => Method.Fft;

    /// <summary>It is in <see cref="FftErrorBound"/>.</summary>
    public override double Rounding(int features) => 0;

    /// <summary>The rounding of a transform falls on all rows, whatever they see.</summary>
    public override double KeyLoudness => RootLoudness;

    /// <inheritdoc cref="KeyLoudness"/>
    public override double ValueLoudness => RootLoudness;

    public override PartialSums Compute(in HeadProblem problem, in RowChunks chunks, Crew crew, ref Arena arena)
    {
        PartialSums sums = TakeSums<TKernels>(problem, ref arena);
        if (problem.Layout.Specials > 0)
        {
            var special = new SpecialPairs<TKernels>(problem.Layout);
            FeatureBalance<TKernels>.Run(problem, problem.QueryCount, sums, crew, ref arena);
            Transform(special.OfGrid(problem), special.OfGrid(sums), crew, ref arena);
            special.Add(problem, sums, crew, ref arena);
        }
        else
        {
            var surplus = SurplusPairs<TKernels>.Beyond(_tokens.Layout.IsLine ? _fft.Length : int.MaxValue, problem);
            HeadProblem transformed = surplus.Transformed(problem);
            FeatureBalance<TKernels>.Run(problem, transformed.QueryCount, sums, crew, ref arena);
            Transform(transformed, sums, crew, ref arena);
            surplus.Add(problem, sums, crew, ref arena);
        }

        sums.LogScale = problem.KeyLogScale + problem.Position.LogMax;
        if (!arena.IsMeasuring) Close(problem, sums, chunks, crew);
        return sums;
    }

    private void Transform(in HeadProblem problem, in PartialSums sums, Crew crew, ref Arena arena)
    {
        Denominators(problem, sums, crew, ref arena);
        Numerators(problem, sums, crew, ref arena);
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

    /// <summary>
    /// Each thread takes its groups of value columns from the first chunk of features to the last: they stay in its cache, and threads
    /// never wait for one another. A chunk's columns are loaded by every thread, which costs less than to fetch them from another core.
    /// </summary>
    private void Numerators(in HeadProblem problem, in PartialSums sums, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        int groups = sums.NumeratorStride / TKernels.Lanes, shares = Math.Min(crew.Workers, groups);
        var measuring = Arena.Measuring;
        _ = new ShareScratch(_fft, _tokens, problem, ref measuring);

        // The rows of the sums have memory of their own: what a core has in its cache another one writes slowly.
        float* values = arena.Take<float>((long)groups * _tokens.Slots * TKernels.Lanes);
        float* numerators = arena.Take<float>((long)groups * _tokens.Slots * TKernels.Lanes);
        byte* scratch = arena.Take<byte>(shares * measuring.Peak);
        if (!arena.IsMeasuring)
        {
            crew.Run(new NumeratorShares(_fft, _tokens, _twist, problem, Spectrum(problem), groups, shares, values, numerators, scratch, measuring.Peak), shares, shares);
            crew.Run(new Storing(_tokens, numerators, groups, problem.QueryCount, sums), RowRanges.Count(problem.QueryCount));
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
            if (present < width) Clearing.Clear(input, (long)fft.Length * width);
            int next = 0;
            for (int j = 0, end; j < problem.KeyCount; j = end)
            {
                end = Math.Min(tokens.Layout.RowEnd(j), problem.KeyCount);
                int place = tokens.Place(j);
                Clearing.Clear(input + ((long)next * width), (long)(place - next) * width);
                TKernels.CopyRows(problem.Key + ((long)j * problem.FeatureStride) + feature, problem.FeatureStride, end - j, present, input + ((long)place * width), width);
                next = place + end - j;
            }

            Clearing.Clear(input + ((long)next * width), (long)(fft.Length - next) * width);
            LaneConvolution<TKernels>.MultiplyPair(fft, spectrum, input, width, output, width, own);
            float* part = parts + ((long)index * problem.QueryCount);
            for (int i = 0; i < problem.QueryCount; i++)
                part[i] = TKernels.Dot(problem.Query + ((long)i * problem.FeatureStride) + feature, output + ((long)tokens.Place(i) * width), present);
        }
    }

    /// <summary>What one share of the numerators needs.</summary>
    private readonly struct ShareScratch
    {
        public ShareScratch(LaneFft fft, SlotTokens tokens, in HeadProblem problem, ref Arena arena)
        {
            Chunk = Math.Min(ChunkFeatures, Padding.RoundUp(problem.Features, 2));
            Key = new FeatureColumns(tokens.Slots, Chunk, ref arena);
            Query = new FeatureColumns(tokens.Slots, Chunk, ref arena);
            Work = arena.Take<float>(fft.WorkFloats);
        }

        /// <summary>Features at a time.</summary>
        public int Chunk { get; }

        public FeatureColumns Key { get; }

        public FeatureColumns Query { get; }

        public float* Work { get; }
    }

    /// <summary>The numerators of some groups of value columns, in slots.</summary>
    private readonly struct NumeratorShares(
        LaneFft fft, SlotTokens tokens, SlotTwist twist, HeadProblem problem, float* spectrum, int groups, int shares,
        float* values, float* numerators, byte* scratch, long scratchBytes) : IParallelWork
    {
        private long GroupFloats => (long)tokens.Slots * TKernels.Lanes;

        public void Run(int index, int worker)
        {
            int firstGroup = index * groups / shares, endGroup = (index + 1) * groups / shares;
            var arena = new Arena(scratch + (worker * scratchBytes), scratchBytes);
            var own = new ShareScratch(fft, tokens, problem, ref arena);
            for (int group = firstGroup; group < endGroup; group++)
                SlotOrder.LoadValues<TKernels>(fft, tokens, problem.Values, group * TKernels.Lanes, values + (group * GroupFloats));
            Clearing.Clear(numerators + (firstGroup * GroupFloats), (endGroup - firstGroup) * GroupFloats);
            for (int feature = 0; feature < problem.Features; feature += own.Chunk)
            {
                // Features beyond the last are zero columns within the row's padding.
                int count = Padding.RoundUp(Math.Min(own.Chunk, problem.Features - feature), 2);
                own.Key.Load<TKernels>(fft, tokens, twist, problem.Key + feature, problem.FeatureStride, problem.KeyCount, count);
                own.Query.Load<TKernels>(fft, tokens, twist, problem.Query + feature, problem.FeatureStride, problem.QueryCount, count);
                for (int group = firstGroup; group < endGroup; group++) Add(own, count, group);
            }
        }

        /// <summary>What a chunk of features adds to a group.</summary>
        private void Add(in ShareScratch own, int count, int group)
        {
            FeatureColumns key = own.Key, query = own.Query;
            for (int a = 0; a < count; a += 2)
            {
                CallWatch.Look();
                LaneConvolution<TKernels>.AccumulateOuter(
                    fft, tokens.Runs, spectrum, values + (group * GroupFloats),
                    key.Plain(a), key.Plain(a + 1), key.Twisted(a), key.Twisted(a + 1),
                    query.Plain(a), query.Plain(a + 1), query.Twisted(a), query.Twisted(a + 1),
                    numerators + (group * GroupFloats), own.Work);
            }
        }
    }

    /// <summary>Numerators of all groups back into rows, a range of rows at a time: who has written a range also certifies it.</summary>
    private readonly struct Storing(SlotTokens tokens, float* numerators, int groups, int rows, PartialSums sums) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            (int first, int end) = RowRanges.Of(index, rows);
            SlotOrder.StoreRows<TKernels>(tokens, numerators, groups, first, end, sums.Numerators, sums.NumeratorStride);
        }
    }
}
