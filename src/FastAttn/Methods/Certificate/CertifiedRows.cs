using System.Runtime.CompilerServices;
using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>
/// The end of a method's run: every row that can be vouched for is divided and stored, the others are listed. Rows come in ranges,
/// in any order.
/// </summary>
internal readonly unsafe struct CertifiedRows<TKernels>
    where TKernels : struct, IKernels
{
    private readonly RowCertificate _certificate;
    private readonly SortedRows _rows;
    private readonly int* _counts;
    private readonly int _rowsPerRange;

    /// <param name="certificate">Decides.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="rowsPerRange">Rows of a range.</param>
    /// <param name="arena">Where ranges count.</param>
    public CertifiedRows(RowCertificate certificate, in SortedRows rows, int rowsPerRange, ref Arena arena)
    {
        _certificate = certificate;
        _rows = rows;
        _rowsPerRange = rowsPerRange;
        _counts = arena.Take<int>(Ranges);
    }

    private int Ranges => (_rows.Output.Count + _rowsPerRange - 1) / _rowsPerRange;

    /// <summary>As methods take it. This struct stays where it is until the method has returned.</summary>
    public RowChunks Chunks => new(Unsafe.AsPointer(ref Unsafe.AsRef(in this)), null, &Close);

    private static void Close(void* rows, int chunk, in HeadProblem problem, in PartialSums sums) => Unsafe.AsRef<CertifiedRows<TKernels>>(rows).Store(problem, sums, chunk);

    /// <summary>Adds the loud tokens to the rows of a range and stores them, and lists where they stand in the whole those that it does not.</summary>
    public void Store(in HeadProblem problem, in PartialSums sums, int range)
    {
        int first = range * _rowsPerRange, end = Math.Min(first + _rowsPerRange, _rows.Output.Count), count = 0;
        problem.Loud.Add<TKernels>(problem, problem.Position.Window, sums, first, end);
        for (int i = first; i < end; i++)
        {
            // Nothing to see, or a query that will poison its row: neither needs sums.
            problem.Floor.Raise(problem, sums, i);
            if (_rows.LargestNorm[i] <= 0 || _rows.QueryStates[i] != RowState.Kept) StoredRow.StoreZeros<TKernels>(problem, sums, i, _rows.Output);
            else if (_certificate.Holds(sums, i, (float)(_rows.LargestNorm[i] * problem.Values.Factor))) StoredRow.Store<TKernels>(problem, sums, i, _rows.Output);
            else _rows.Uncertified[first + count++] = i;
        }

        _counts[range] = count;
    }

    /// <summary>Brings the lists of all ranges together; returns how many rows were not stored.</summary>
    public int Gather()
    {
        int count = 0;
        for (int range = 0; range < Ranges; range++)
        {
            new ReadOnlySpan<int>(_rows.Uncertified + (range * _rowsPerRange), _counts[range]).CopyTo(new Span<int>(_rows.Uncertified + count, _counts[range]));
            count += _counts[range];
        }

        return count;
    }
}
