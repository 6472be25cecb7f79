using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>The end of a method's run: every row that can be vouched for is divided and stored, the others are listed.</summary>
internal static unsafe class CertifiedRows<TKernels>
    where TKernels : struct, IKernels
{
    /// <param name="problem">The head.</param>
    /// <param name="sums">What a method yielded.</param>
    /// <param name="certificate">Decides.</param>
    /// <param name="queryStates">States of the queries.</param>
    /// <param name="largestNorm">The largest ‖v_j‖ each row sees.</param>
    /// <param name="destination">The caller's output.</param>
    /// <param name="uncertified">Room for every row; the rows that were not stored, rising.</param>
    /// <param name="crew">Shares ranges of rows.</param>
    /// <param name="arena">Scratch, given back.</param>
    /// <returns>Rows that were not stored.</returns>
    public static int Store(
        in HeadProblem problem, in PartialSums sums, RowCertificate certificate, RowState* queryStates, double* largestNorm,
        RowSource destination, int* uncertified, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        int ranges = RowRanges.Count(problem.QueryCount), count = 0;
        int* counts = arena.Take<int>(ranges);
        if (!arena.IsMeasuring)
        {
            crew.Run(new Ranges(problem, sums, certificate, queryStates, largestNorm, destination, uncertified, counts), ranges);
            for (int range = 0; range < ranges; range++)
            {
                new ReadOnlySpan<int>(uncertified + RowRanges.Of(range, problem.QueryCount).First, counts[range]).CopyTo(new Span<int>(uncertified + count, counts[range]));
                count += counts[range];
            }
        }

        arena.Release(mark);
        return count;
    }

    /// <summary>Each range lists its rows where they stand in the whole.</summary>
    private readonly struct Ranges(
        HeadProblem problem, PartialSums sums, RowCertificate certificate, RowState* queryStates, double* largestNorm,
        RowSource destination, int* uncertified, int* counts) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            (int first, int end) = RowRanges.Of(index, problem.QueryCount);
            int count = 0;
            for (int i = first; i < end; i++)
            {
                // Nothing to see, or a query that will poison its row: neither needs sums.
                if (largestNorm[i] <= 0 || queryStates[i] != RowState.Kept) new Span<float>(destination.Row(i), problem.ValueDimension).Clear();
                else if (certificate.Holds(sums, i, (float)(largestNorm[i] * problem.Values.Factor))) StoredRow.Store<TKernels>(problem, sums, i, destination);
                else uncertified[first + count++] = i;
            }

            counts[index] = count;
        }
    }
}
