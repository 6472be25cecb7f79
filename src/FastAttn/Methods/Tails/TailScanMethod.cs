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
/// It never computes with the constant over all keys and corrects the band afterwards: beside one large key in the band, all else would lose its digits.
/// </remarks>
internal sealed unsafe class TailScanMethod<TKernels>(Method kind, TailAllowance allowance) : AttentionMethod
    where TKernels : struct, IKernels
{
    public override Method Kind => kind;

    /// <summary>Rows that are finished together: their queries and numerators, and the states that they meet, stay in the second-level cache.</summary>
    public static int MostChunkRows => 512 / TKernels.RowTile * TKernels.RowTile;

    public override double Rounding(int features) =>
        SumRounding<TKernels>.KeysFirst((kind == Method.Band ? 1 : 2) * TailSweep<TKernels>.MostJoins, features, SumRounding<TKernels>.NearBand);

    public override bool TakesQueriesByChunk => true;

    public override int ChunkRows(int queries) => RowsOfChunk(queries);

    public override PartialSums Compute(in HeadProblem problem, in RowChunks chunks, Crew crew, ref Arena arena)
    {
        PartialSums sums = chunks.Opens
            ? new PartialSums { NumeratorStride = Padding.RoundUp(problem.ValueDimension, TKernels.Lanes) }
            : TakeSums<TKernels>(problem, ref arena);
        long mark = arena.Mark;
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
        int rows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile), chunkRows = RowsOfChunk(problem.QueryCount);
        var scratch = stackalloc TailScratch<TKernels>[crew.Workers];
        for (int worker = 0; worker < crew.Workers; worker++) scratch[worker] = new(problem, sums.NumeratorStride, chunkRows, ref arena);
        var far = new FarErrors<TKernels>(problem, tails.AbsoluteError, crew, ref arena);
        sums.RelativeError = (float)tails.RelativeError;
        sums.LogScale = problem.KeyLogScale + problem.Position.LogMax;
        if (!arena.IsMeasuring)
        {
            var states = new States(sweeps, count, flatLeft, flatRight);
            if (count > 0)
            {
                crew.Run(new PartSums(problem, states, scratch), sweeps[0].Parts);
                crew.Run(new Accumulation(states, scratch), count * sweeps[0].Pieces);
            }

            crew.Run(new Rows(problem, chunks, sums, states, new NearBand<TKernels>(left, right), far, rows, scratch), (rows + chunkRows - 1) / chunkRows);
        }

        arena.Release(mark);
        return sums;
    }

    private static int RowsOfChunk(int queries) => Math.Min(MostChunkRows, Padding.RoundUp(queries, TKernels.RowTile));

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

    /// <summary>Chunks of rows: what they see from afar, then what they see near.</summary>
    private readonly struct Rows(
        HeadProblem problem, RowChunks chunks, PartialSums sums, States states, NearBand<TKernels> near, FarErrors<TKernels> far, int rows,
        TailScratch<TKernels>* scratch) : IParallelWork
    {
        private readonly UnderflowErrors _underflow = new(problem);

        public void Run(int index, int worker)
        {
            HeadProblem own = problem;
            PartialSums ownSums = sums;
            chunks.Open(index, worker, ref own, ref ownSums);
            int chunkRows = RowsOfChunk(problem.QueryCount), first = index * chunkRows, end = Math.Min(first + chunkRows, rows);
            Clearing.Clear(ownSums.Numerators + ((long)first * ownSums.NumeratorStride), (long)(end - first) * ownSums.NumeratorStride);
            new Span<float>(ownSums.Denominators + first, end - first).Clear();
            states.Flat.Apply(own, ownSums, first, end, scratch[worker]);
            for (int sweep = states.Count - 1; sweep >= 0; sweep--)
            {
                if (!states.IsFlat(sweep)) states.At(sweep)->Apply(own, ownSums, first, end, scratch[worker]);
            }

            near.Add(own, ownSums, first, end, scratch[worker]);
            end = Math.Min(end, problem.QueryCount);
            _underflow.Set(ownSums, first, end);
            far.Add(own, ownSums, first, end, worker);
            chunks.Close(index, own, ownSums);
        }
    }
}
