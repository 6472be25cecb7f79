using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Sums;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// Sums of a tile of rows over any number of keys. Keys are added up in float32 for a part, so that no sum is long, and parts join
/// totals that do not drift (<see cref="CompensatedSums"/>).
/// </summary>
internal readonly unsafe struct TileTotals<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>Blocks of keys whose numerators are summed before they join the total: a thousand keys, so that joining costs next to nothing.</summary>
    public const int BlocksPerPart = 16;

    /// <summary>The same for denominators, which are summed key after key in few lanes and cost less to join.</summary>
    public const int BlocksPerRowSum = 4;

    private readonly bool _isFine;
    private readonly FineScratch _fine;
    private readonly float* _part;
    private readonly float* _lost;
    private readonly float* _laneSums;
    private readonly float* _lostRowSums;

    /// <param name="isFine">Whether by <see cref="FineBlocks{TKernels}"/>.</param>
    /// <param name="rows">Rows of the largest tile.</param>
    /// <param name="columns">Floats between numerator rows.</param>
    /// <param name="blocks">Blocks of keys.</param>
    /// <param name="arena">Where all of it stands.</param>
    public TileTotals(bool isFine, int rows, int columns, int blocks, ref Arena arena)
    {
        long floats = isFine || blocks > BlocksPerPart ? (long)rows * columns : 0;
        _part = arena.Take<float>(floats);
        _lost = arena.Take<float>(floats);
        _isFine = isFine;
        if (isFine) _fine = new FineScratch(rows, _part, _lost, ref arena);
        _laneSums = arena.Take<float>((long)rows * TKernels.Lanes);
        _lostRowSums = arena.Take<float>(rows);
    }

    /// <summary>Sets the sums of rows <paramref name="first"/> … over all keys.</summary>
    public void Sum(in HeadProblem problem, CoefficientWindow coefficients, KeyBlocks blocks, in PartialSums sums, int first, int rows)
    {
        int floats = rows * sums.NumeratorStride;
        float* totals = sums.Numerators + ((long)first * sums.NumeratorStride);
        new Span<float>(totals, floats).Clear();
        if (_isFine)
        {
            SumFinely(problem, coefficients, blocks, sums, first, rows);
            return;
        }

        new Span<float>(sums.Denominators + first, rows).Clear();
        new Span<float>(_laneSums, rows * TKernels.Lanes).Clear();
        new Span<float>(_lostRowSums, rows).Clear();
        AddPart(problem, coefficients, blocks, sums, first, rows, 0, sums.Denominators);
        if (blocks.Count <= BlocksPerPart) return;
        PartialSums part = sums;
        part.Numerators = _part - ((long)first * sums.NumeratorStride);
        new Span<float>(_part, floats).Clear();
        new Span<float>(_lost, floats).Clear();
        for (int block = BlocksPerPart; block < blocks.Count; block += BlocksPerPart)
        {
            CallWatch.Look();
            if (AddPart(problem, coefficients, blocks, part, first, rows, block, sums.Denominators)) CompensatedSums.Move(_part, totals, _lost, floats);
        }
    }

    private void SumFinely(in HeadProblem problem, CoefficientWindow coefficients, KeyBlocks blocks, in PartialSums sums, int first, int rows)
    {
        new Span<float>(_lost, rows * sums.NumeratorStride).Clear();
        new Span<double>(_fine.RowSums, rows).Clear();
        for (int block = 0; block < blocks.Count; block++)
        {
            CallWatch.Look();
            FineBlocks<TKernels>.Add(problem, coefficients, blocks, block, sums, first, rows, _fine);
        }

        for (int row = 0; row < rows; row++) sums.Denominators[first + row] = (float)_fine.RowSums[row];
    }

    /// <summary>Adds a part's numerators to <paramref name="sums"/> as they are, its denominators to their totals; false when there are none.</summary>
    private bool AddPart(
        in HeadProblem problem, CoefficientWindow coefficients, KeyBlocks blocks, in PartialSums sums, int first, int rows, int block, float* denominators)
    {
        bool any = false;
        for (int partEnd = Math.Min(block + BlocksPerPart, blocks.Count), end; block < partEnd; block = end)
        {
            end = Math.Min(block + BlocksPerRowSum, partEnd);
            if (!DirectMethod<TKernels>.AddBlocks(problem, coefficients, blocks, new TileTarget(sums, first, rows, _laneSums), block, end)) continue;
            LaneSums.MoveTo<TKernels>(denominators + first, _lostRowSums, _laneSums, rows);
            any = true;
        }

        return any;
    }
}
