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
    /// <summary>States of all boxes for one chunk of features are meant to stay within this; a chunk has at least <see cref="LeastFeatures"/> where there are so many.</summary>
    private const long StateBytes = 64L << 20;

    private const int LeastFeatures = 4;
    private const int MostFeatures = 16;
    private const int Tile = SmoothTails.LeafTokens;

    public override Method Kind => Method.Multipole;

    public override PartialSums Compute(in HeadProblem problem, Crew crew, ref Arena arena)
    {
        SmoothTails own = Smooth(problem.Positions, problem.Head);
        PartialSums sums = TakeSums<TKernels>(problem, problem.QueryCount + (2 * TKernels.RowTile), ref arena);
        KeyBlocks blocks = KeyBlocks.Pack<TKernels>(problem, crew, ref arena);
        long mark = arena.Mark;

        // Every head takes as much as the one with the highest rank: the workspace is measured once.
        int highest = 0;
        for (int head = 0; head < problem.Positions.Heads.Count; head++) highest = Math.Max(highest, Smooth(problem.Positions, head).Rank);
        var most = new MultipoleTree<TKernels>(problem, blocks, sums, own.Center, arena.IsMeasuring ? highest : own.Rank, ChunkFeatures(problem, sums.NumeratorStride, highest), ref arena);
        if (!arena.IsMeasuring)
        {
            Clearing.Clear(sums.Numerators, (long)Padding.RoundUp(problem.QueryCount, TKernels.RowTile) * sums.NumeratorStride);
            new Span<float>(sums.Denominators, Padding.RoundUp(problem.QueryCount, TKernels.RowTile)).Clear();
            most.Denominators();
            most.Numerators();
            most.Near();
            SetUnderflowErrors(problem, sums);
            sums.RelativeError = (float)own.RelativeError;
        }

        arena.Release(mark);
        if (arena.IsMeasuring || own.AbsoluteError > FarErrors.Least) FarErrors.Add<TKernels>(problem, sums, own.AbsoluteError, ref arena);
        sums.LogScale = problem.KeyLogScale + problem.Position.LogMax;
        return sums;
    }

    private SmoothTails Smooth(PreparedPosition positions, int head) => positions.Structure(head, allowance).Smooth!;

    private static int ChunkFeatures(in HeadProblem problem, int columns, int rank)
    {
        long feature = 4L * 2 * ((problem.KeyCount / Tile) + 4) * rank * columns;
        return (int)Math.Min(Math.Clamp(StateBytes / feature / 4 * 4, LeastFeatures, MostFeatures), problem.Features);
    }
}
