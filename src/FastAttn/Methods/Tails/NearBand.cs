using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>
/// What lies between the tails: blocks of keys by direct tiles, each against the rows that no tail gives it to. A block is packed
/// when rows come to it, in the first-level cache: against some hundred rows that costs next to nothing, and memory never sees it.
/// </summary>
internal readonly unsafe struct NearBand<TKernels>(TailReach left, TailReach right)
    where TKernels : struct, IKernels
{
    /// <summary>Blocks whose sums a row may add up in float32 before they join the total; wider bands are added part by part.</summary>
    private const int BlocksPerPart = 32;

    /// <summary>Adds what rows <paramref name="first"/> … <paramref name="end"/>−1 see between the tails.</summary>
    public void Add(in HeadProblem problem, in PartialSums sums, int first, int end, in TailScratch<TKernels> scratch)
    {
        int rows = end - first, firstBlock = left.Boundary(first), endBlock = right.Boundary(end);
        new Span<float>(scratch.LaneSums, rows * TKernels.Lanes).Clear();
        if (endBlock - firstBlock <= 2 * BlocksPerPart)
        {
            AddBlocks(problem, sums, first, end, firstBlock, endBlock, scratch);
            LaneSums.MoveTo<TKernels>(sums.Denominators + first, scratch.LaneSums, rows);
            return;
        }

        int floats = rows * sums.NumeratorStride;
        PartialSums parts = sums;
        parts.Numerators = scratch.Part - ((long)first * sums.NumeratorStride);
        for (int block = firstBlock; block < endBlock; block += BlocksPerPart)
        {
            new Span<float>(scratch.Part, floats).Clear();
            AddBlocks(problem, parts, first, end, block, Math.Min(block + BlocksPerPart, endBlock), scratch);
            TKernels.AddScaled(scratch.Part, sums.Numerators + ((long)first * sums.NumeratorStride), floats, 1);
            LaneSums.MoveTo<TKernels>(sums.Denominators + first, scratch.LaneSums, rows);
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
            DirectMethod<TKernels>.AddBlocks(
                problem, problem.Position.Window, packed, sums, from, to - from, block, block + 1, scratch.LaneSums + ((long)(from - first) * TKernels.Lanes));
        }
    }
}
