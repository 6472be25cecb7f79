using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// Coefficients that beyond a band of offsets are nothing, constant (<see cref="Method.Band"/>) or exponential
/// (<see cref="Method.Decay"/>): near blocks of keys go through the direct tiles with c itself, far ones through one state for
/// each exponential and side. O(n·(band·(m + d_v) + m·d_v)) time, memory linear in n.
/// </summary>
/// <remarks>
/// It never computes c − constant over all keys to repair the band afterwards: a loud key in the band would drown everything else.
/// </remarks>
internal sealed unsafe class TailScanMethod<TKernels>(Method kind, TailAllowance allowance) : AttentionMethod
    where TKernels : struct, IKernels
{
    public override Method Kind => kind;

    /// <summary>Rows that are finished together; their queries and numerators stay in the second-level cache meanwhile.</summary>
    private static int ChunkRows => 1024 / TKernels.RowTile * TKernels.RowTile;

    public override PartialSums Compute(in HeadProblem problem, Crew crew, ref Arena arena)
    {
        PartialSums sums = TakeSums<TKernels>(problem, 0, ref arena);
        KeyBlocks blocks = KeyBlocks.Pack<TKernels>(problem, crew, ref arena);
        CoefficientTails tails = Tails(problem.Positions, problem.Head);
        var left = new TailReach(true, tails.Left, problem, TKernels.RowTile);
        var right = new TailReach(false, tails.Right, problem, TKernels.RowTile);

        // Every head takes as much as the one with the most terms: the workspace is measured once.
        int most = 0, count = 0;
        for (int head = 0; head < problem.Positions.Heads.Count; head++) most = Math.Max(most, TermsOf(Tails(problem.Positions, head)));
        bool isShared = tails.Left.IsConstant && tails.Right.IsConstant;
        long sumFloats = (long)blocks.Count * TailSweep<TKernels>.StateFloats(problem, sums.NumeratorStride);
        float* blockSums = arena.Take<float>((kind == Method.Band ? Math.Min(most, 1) : most) * sumFloats);
        TailSweep<TKernels>* sweeps = stackalloc TailSweep<TKernels>[most];
        foreach (TailTerm term in tails.Left.Terms)
        {
            sweeps[count] = new(left, true, term, problem, sums.NumeratorStride, blockSums + (count * sumFloats), ref arena);
            count++;
        }

        foreach (TailTerm term in tails.Right.Terms)
        {
            sweeps[count] = new(right, false, term, problem, sums.NumeratorStride, blockSums + ((isShared ? 0 : count) * sumFloats), ref arena);
            count++;
        }

        for (int unused = count; unused < most; unused++) sweeps[unused] = new(left, true, default, problem, sums.NumeratorStride, blockSums, ref arena);
        var scratch = stackalloc TailScratch<TKernels>[crew.Workers];
        for (int worker = 0; worker < crew.Workers; worker++) scratch[worker] = new(problem, sums.NumeratorStride, ChunkRows, ref arena);
        if (!arena.IsMeasuring)
        {
            int parts = count > 0 ? sweeps[0].Parts : 0, rows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile);
            crew.Run(new PartSums(problem, blocks, sweeps, parts, scratch), isShared ? parts : count * parts);
            if (isShared) crew.Run(new Sharing(sweeps), parts);
            crew.Run(new Accumulation(sweeps, scratch), count);
            crew.Run(new Chunks(problem, blocks, sums, sweeps, count, new NearBand<TKernels>(left, right), rows, scratch), (rows + ChunkRows - 1) / ChunkRows);
            SetUnderflowErrors(problem, sums);
            sums.RelativeError = (float)tails.RelativeError;
        }

        if (arena.IsMeasuring || tails.AbsoluteError > FarErrors.Least) FarErrors.Add<TKernels>(problem, sums, tails.AbsoluteError, ref arena);
        sums.LogScale = problem.KeyLogScale + problem.Position.LogMax;
        return sums;
    }

    private CoefficientTails Tails(PreparedPosition positions, int head)
    {
        HeadStructure structure = positions.Structure(head, allowance);
        return kind == Method.Band ? structure.Flat : structure.Decaying;
    }

    private static int TermsOf(CoefficientTails tails) => tails.Left.Terms.Length + tails.Right.Terms.Length;

    /// <summary>The states of all parts of all sweeps.</summary>
    private readonly struct PartSums(
        HeadProblem problem, KeyBlocks blocks, TailSweep<TKernels>* sweeps, int parts, TailScratch<TKernels>* scratch) : IParallelWork
    {
        public void Run(int index, int worker) => sweeps[index / parts].SumPart(problem, blocks, index % parts, scratch[worker]);
    }

    /// <summary>Constant tails of both sides sum the same.</summary>
    private readonly struct Sharing(TailSweep<TKernels>* sweeps) : IParallelWork
    {
        public void Run(int index, int worker) => sweeps[1].TakePart(index, sweeps[0]);
    }

    /// <summary>Parts become everything beyond a part, sweep by sweep.</summary>
    private readonly struct Accumulation(TailSweep<TKernels>* sweeps, TailScratch<TKernels>* scratch) : IParallelWork
    {
        public void Run(int index, int worker) => sweeps[index].Accumulate(scratch[worker].Running);
    }

    /// <summary>Stretches of rows: what they see from afar, then what they see near.</summary>
    private readonly struct Chunks(
        HeadProblem problem, KeyBlocks blocks, PartialSums sums, TailSweep<TKernels>* sweeps, int count, NearBand<TKernels> near, int rows,
        TailScratch<TKernels>* scratch) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = index * ChunkRows, end = Math.Min(first + ChunkRows, rows);
            Clearing.Clear(sums.Numerators + ((long)first * sums.NumeratorStride), (long)(end - first) * sums.NumeratorStride);
            new Span<float>(sums.Denominators + first, end - first).Clear();
            for (int sweep = count - 1; sweep >= 0; sweep--) sweeps[sweep].Apply(problem, sums, first, end, scratch[worker]);
            near.Add(problem, blocks, sums, first, end, scratch[worker]);
        }
    }
}
