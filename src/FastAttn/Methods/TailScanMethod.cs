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

    /// <summary>Rows that are finished together: their queries and numerators, and the states that they meet, stay in the second-level cache.</summary>
    private static int ChunkRows => 512 / TKernels.RowTile * TKernels.RowTile;

    public override PartialSums Compute(in HeadProblem problem, Crew crew, ref Arena arena)
    {
        PartialSums sums = TakeSums<TKernels>(problem, 0, ref arena);
        CoefficientTails tails = Tails(problem.Positions, problem.Head);
        var left = new TailReach(true, tails.Left, problem, TKernels.RowTile);
        var right = new TailReach(false, tails.Right, problem, TKernels.RowTile);

        // Every head takes as much as the one with the most terms: the workspace is measured once.
        int most = 0, count = 0, flatLeft = -1, flatRight = -1;
        for (int head = 0; head < problem.Positions.Heads.Count; head++) most = Math.Max(most, TermsOf(Tails(problem.Positions, head)));
        long sumFloats = (long)left.Blocks * TailSweep<TKernels>.StateFloats(problem, sums.NumeratorStride);
        float* blockSums = arena.Take<float>((kind == Method.Band ? Math.Min(most, 1) : most) * sumFloats);
        TailSweep<TKernels>* sweeps = stackalloc TailSweep<TKernels>[most];
        foreach (TailTerm term in tails.Left.Terms)
        {
            if (term.Ratio == 1) flatLeft = count;
            sweeps[count] = new(left, true, term, problem, sums.NumeratorStride, blockSums + (count * sumFloats), ref arena);
            count++;
        }

        foreach (TailTerm term in tails.Right.Terms)
        {
            // Constants of both sides have the same sums of blocks.
            if (term.Ratio == 1) flatRight = count;
            int place = term.Ratio == 1 && flatLeft >= 0 ? flatLeft : count;
            sweeps[count] = new(right, false, term, problem, sums.NumeratorStride, blockSums + (place * sumFloats), ref arena);
            count++;
        }

        for (int unused = count; unused < most; unused++) sweeps[unused] = new(left, true, default, problem, sums.NumeratorStride, blockSums, ref arena);
        int rows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile), chunkRows = Math.Min(ChunkRows, rows);
        var scratch = stackalloc TailScratch<TKernels>[crew.Workers];
        for (int worker = 0; worker < crew.Workers; worker++) scratch[worker] = new(problem, sums.NumeratorStride, chunkRows, ref arena);
        if (!arena.IsMeasuring)
        {
            var states = new States(sweeps, count, flatLeft, flatRight);
            if (count > 0)
            {
                crew.Run(new PartSums(problem, states, scratch), sweeps[0].Parts);
                crew.Run(new Accumulation(states, scratch), count * sweeps[0].Pieces);
            }

            crew.Run(new Chunks(problem, sums, states, new NearBand<TKernels>(left, right), rows, chunkRows, scratch), (rows + chunkRows - 1) / chunkRows);
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

    /// <summary>All sweeps, and which of them are constants; −1 for none.</summary>
    private readonly struct States(TailSweep<TKernels>* sweeps, int count, int flatLeft, int flatRight)
    {
        public FlatTails<TKernels> Flat => new(At(flatLeft), At(flatRight));

        public int Count => count;

        public TailSweep<TKernels>* At(int sweep) => sweep < 0 ? null : sweeps + sweep;

        public bool IsFlat(int sweep) => sweep == flatLeft || sweep == flatRight;

        /// <summary>Whether another sweep sums the blocks of this one.</summary>
        public bool Shares(int sweep) => sweep == flatRight && flatLeft >= 0;
    }

    /// <summary>The states of a part of the keys, of all sweeps: keys and values come from memory once.</summary>
    private readonly struct PartSums(HeadProblem problem, States states, TailScratch<TKernels>* scratch) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            for (int sweep = 0; sweep < states.Count; sweep++)
            {
                if (!states.Shares(sweep)) states.At(sweep)->SumBlocks(problem, index, scratch[worker]);
                states.At(sweep)->JoinPart(problem, index);
            }
        }
    }

    /// <summary>Parts become everything beyond a part, piece of a state by piece.</summary>
    private readonly struct Accumulation(States states, TailScratch<TKernels>* scratch) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            (int piece, int sweep) = Math.DivRem(index, states.Count);
            states.At(sweep)->Accumulate(piece, scratch[worker].Wide);
        }
    }

    /// <summary>Stretches of rows: what they see from afar, then what they see near.</summary>
    private readonly struct Chunks(
        HeadProblem problem, PartialSums sums, States states, NearBand<TKernels> near, int rows, int chunkRows, TailScratch<TKernels>* scratch) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = index * chunkRows, end = Math.Min(first + chunkRows, rows);
            Clearing.Clear(sums.Numerators + ((long)first * sums.NumeratorStride), (long)(end - first) * sums.NumeratorStride);
            new Span<float>(sums.Denominators + first, end - first).Clear();
            states.Flat.Apply(problem, sums, first, end, scratch[worker]);
            for (int sweep = states.Count - 1; sweep >= 0; sweep--)
            {
                if (!states.IsFlat(sweep)) states.At(sweep)->Apply(problem, sums, first, end, scratch[worker]);
            }

            near.Add(problem, sums, first, end, scratch[worker]);
        }
    }
}
