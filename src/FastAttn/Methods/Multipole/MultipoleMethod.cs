using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// Coefficients that are smooth away from a centre: a one-dimensional fast multipole method by interpolation (Fong and Darve
/// 2009). Neighbouring boxes of 64 go through the direct tiles; between boxes farther apart c is interpolated from a few nodes of
/// each, at every distance with boxes as large as it allows. O(n·rank·m·d_v) time.
/// </summary>
internal sealed unsafe class MultipoleMethod<TKernels>(TailAllowance allowance) : AttentionMethod
    where TKernels : struct, IKernels
{
    /// <summary>
    /// Terms are weighed by polynomials, never alike. Four times the worst that alike keys have shown, 7 units of 2⁻²⁴ among 512 … 65,536 of them.
    /// </summary>
    private const double RoundingUnits = 28;

    public override Method Kind => Method.Multipole;

    public override double Rounding(int features) => RoundingUnits / (1 << 24);

    public override PartialSums Compute(in HeadProblem problem, in RowChunks chunks, Crew crew, ref Arena arena)
    {
        SmoothTails own = problem.Positions.Structure(problem.Head, allowance).Smooth!;
        PartialSums sums = TakeSums<TKernels>(problem, ref arena);
        KeyBlocks blocks = KeyBlocks.Pack<TKernels>(problem, crew, ref arena);
        long mark = arena.Mark;

        // Every head takes as much as one with the highest rank of any at each level: the workspace is measured once.
        int[] highest = problem.Positions.SmoothRanks(allowance);
        var sizes = new MultipoleSizes(problem, highest, sums.NumeratorStride, TKernels.Lanes);
        var tree = new MultipoleTree<TKernels>(problem, blocks, sums, own.Center, arena.IsMeasuring ? highest : own.Ranks, sizes, ref arena);
        MultipoleScratch* scratch = stackalloc MultipoleScratch[crew.Workers];
        for (int worker = 0; worker < crew.Workers; worker++) scratch[worker] = tree.TakeScratch(ref arena);
        if (!arena.IsMeasuring)
        {
            int paddedRows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile);
            Clearing.Clear(sums.Numerators, (long)paddedRows * sums.NumeratorStride);
            new Span<float>(sums.Denominators, paddedRows).Clear();
            MultipoleChunk* parts = stackalloc MultipoleChunk[sizes.ChunksTogether];
            for (int first = 0, end; first < tree.Chunks; first = end)
            {
                end = Math.Min(first + sizes.ChunksTogether, tree.Chunks);
                for (int chunk = first; chunk < end; chunk++) parts[chunk - first] = tree.Chunk(chunk, chunk - first);
                Sweep(tree, parts, end - first, scratch, crew);
            }

            crew.Run(new Near(tree, scratch), tree.Segments);
            SetUnderflowErrors(problem, sums);
            sums.RelativeError = (float)own.RelativeError;
        }

        arena.Release(mark);
        var far = new FarErrors<TKernels>(problem, own.AbsoluteError, crew, ref arena);
        if (!arena.IsMeasuring) far.AddToAll(problem, sums, crew);
        arena.Release(mark);
        sums.LogScale = problem.KeyLogScale + problem.Position.LogMax;
        if (!arena.IsMeasuring) Close(problem, sums, chunks, crew);
        return sums;
    }

    /// <summary>The far field of some chunks: up from the keys, then down to the rows.</summary>
    private static void Sweep(MultipoleTree<TKernels> tree, MultipoleChunk* chunks, int count, MultipoleScratch* scratch, Crew crew)
    {
        if (tree.SumsAhead)
        {
            crew.Run(new CoarseSums(tree, chunks, count, scratch), tree.CoarseBoxes);
            crew.Run(new PassingUp(tree, chunks, scratch), count);
        }

        crew.Run(new PassingDown(tree, chunks, count, scratch), tree.Segments);
    }

    /// <summary>States of the coarse boxes of keys.</summary>
    private readonly struct CoarseSums(MultipoleTree<TKernels> tree, MultipoleChunk* chunks, int count, MultipoleScratch* scratch) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            for (int chunk = 0; chunk < count; chunk++) tree.SumCoarse(index, chunks[chunk], scratch[worker]);
        }
    }

    /// <summary>States of the boxes around coarse ones, chunk by chunk.</summary>
    private readonly struct PassingUp(MultipoleTree<TKernels> tree, MultipoleChunk* chunks, MultipoleScratch* scratch) : IParallelWork
    {
        public void Run(int index, int worker) => tree.PassUp(chunks[index], scratch[worker]);
    }

    /// <summary>What segments of rows see from afar.</summary>
    private readonly struct PassingDown(MultipoleTree<TKernels> tree, MultipoleChunk* chunks, int count, MultipoleScratch* scratch) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            for (int chunk = 0; chunk < count; chunk++)
            {
                CallWatch.Look();
                tree.PassDown(index, chunks[chunk], scratch[worker]);
            }
        }
    }

    /// <summary>What segments of rows see near.</summary>
    private readonly struct Near(MultipoleTree<TKernels> tree, MultipoleScratch* scratch) : IParallelWork
    {
        public void Run(int index, int worker) => tree.Near(index, scratch[worker]);
    }
}
