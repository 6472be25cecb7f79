using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Sums;

namespace FastAttn.Methods;

/// <summary>
/// What lies between the tails: blocks of keys by direct tiles, each against the rows that no tail gives it to. A block is packed
/// when rows come to it, in the first-level cache: against some hundred rows that costs next to nothing, and memory never sees it.
/// </summary>
internal readonly unsafe struct NearBand<TKernels>(TailReach left, TailReach right)
    where TKernels : struct, IKernels
{
    /// <summary>Adds what rows <paramref name="first"/> … <paramref name="end"/>−1 see between the tails, in the parts of <see cref="TileTotals{TKernels}"/>.</summary>
    public void Add(in HeadProblem problem, in PartialSums sums, int first, int end, in TailScratch<TKernels> scratch)
    {
        int rows = end - first, floats = rows * sums.NumeratorStride, firstBlock = left.Boundary(first), endBlock = right.Boundary(end);
        new Span<float>(scratch.LaneSums, rows * TKernels.Lanes).Clear();
        new Span<float>(scratch.LostRowSums, rows).Clear();
        AddPart(problem, sums, first, end, firstBlock, endBlock, scratch);
        if (endBlock - firstBlock <= TileTotals<TKernels>.BlocksPerPart) return;
        PartialSums part = sums;
        part.Numerators = scratch.Part - ((long)first * sums.NumeratorStride);
        new Span<float>(scratch.Part, floats).Clear();
        new Span<float>(scratch.Lost, floats).Clear();
        for (int block = firstBlock + TileTotals<TKernels>.BlocksPerPart; block < endBlock; block += TileTotals<TKernels>.BlocksPerPart)
        {
            AddPart(problem, part, first, end, block, endBlock, scratch);
            CompensatedSums.Move(scratch.Part, sums.Numerators + ((long)first * sums.NumeratorStride), scratch.Lost, floats);
        }
    }

    private void AddPart(in HeadProblem problem, in PartialSums sums, int first, int end, int block, int endBlock, in TailScratch<TKernels> scratch)
    {
        for (int partEnd = Math.Min(block + TileTotals<TKernels>.BlocksPerPart, endBlock), next; block < partEnd; block = next)
        {
            next = Math.Min(block + TileTotals<TKernels>.BlocksPerRowSum, partEnd);
            AddBlocks(problem, sums, first, end, block, next, scratch);
            LaneSums.MoveTo<TKernels>(sums.Denominators + first, scratch.LostRowSums, scratch.LaneSums, end - first);
        }
    }

    private void AddBlocks(in HeadProblem problem, in PartialSums sums, int first, int end, int firstBlock, int endBlock, in TailScratch<TKernels> scratch)
    {
        float* ones = stackalloc float[KernelShape.KeyTile];
        new Span<float>(ones, KernelShape.KeyTile).Fill(1);
        for (int block = firstBlock; block < endBlock; block++)
        {
            int from = Math.Max(right.Row(block), first), to = Math.Min(left.Row(block), end);
            if (from >= to) continue;
            KeyBlocks packed = KeyBlocks.PackOne<TKernels>(problem, block, ones, scratch.Block);
            var target = new TileTarget(sums, from, to - from, scratch.LaneSums + ((long)(from - first) * TKernels.Lanes));
            DirectMethod<TKernels>.AddBlocks(problem, problem.Position.Window, packed, target, block, block + 1);
        }
    }
}
