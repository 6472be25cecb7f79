using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// Recomputes rows by tiles, each with coefficients relative to the largest one that its rows meet among kept keys. Long
/// padding under a decaying bias leaves most rows with keys so far away that coefficients relative to the head's largest
/// underflow; relative to the tile's own they do not. A tile costs what the direct method costs for its rows, which is less
/// than recomputing a single row alone.
/// </summary>
internal static unsafe class RescaledTiles<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>What stands in the list in place of a row that was stored.</summary>
    private const int Stored = -1;

    private static int TileRows => 8 * TKernels.RowTile;

    /// <summary>Stores every row of the list it can vouch for and returns how many stay on the list.</summary>
    public static int Run(
        in HeadProblem problem, in SortedRows rows, int count, RowCertificate certificate, bool isFine, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        int remaining = count;
        if (arena.IsMeasuring || count > 0)
        {
            int* starts = arena.Take<int>((problem.QueryCount / TileRows) + 2L);
            TileTotals<TKernels>* totals = stackalloc TileTotals<TKernels>[crew.Workers];
            var tiles = new Tiles(problem, rows, certificate, starts, totals, crew.Workers, KeyBlocks.Pack<TKernels>(problem, crew, ref arena), ref arena);
            for (int worker = 0; worker < crew.Workers; worker++) totals[worker] = tiles.TakeTotals(isFine, ref arena);
            if (!arena.IsMeasuring)
            {
                crew.Run(tiles, Group(rows.Uncertified, count, starts));
                remaining = RemoveStored(rows.Uncertified, count);
            }
        }

        arena.Release(mark);
        return remaining;
    }

    /// <summary>Writes where in the list each tile's rows start, and the end; returns the number of tiles.</summary>
    private static int Group(int* rows, int count, int* starts)
    {
        int tiles = 0, next = 0;
        while (next < count)
        {
            starts[tiles++] = next;
            int end = FirstRow(rows[next]) + TileRows;
            while (next < count && rows[next] < end) next++;
        }

        starts[tiles] = count;
        return tiles;
    }

    private static int FirstRow(int row) => row / TKernels.RowTile * TKernels.RowTile;

    private static int RemoveStored(int* rows, int count)
    {
        int remaining = 0;
        for (int index = 0; index < count; index++)
        {
            if (rows[index] != Stored) rows[remaining++] = rows[index];
        }

        return remaining;
    }

    /// <summary>Tiles, each with scratch of its worker's.</summary>
    private readonly struct Tiles : IParallelWork
    {
        private readonly HeadProblem _problem;
        private readonly RowCertificate _certificate;
        private readonly SortedRows _sorted;
        private readonly int* _starts;
        private readonly KeyBlocks _blocks;
        private readonly PartialSums _sums;
        private readonly TileTotals<TKernels>* _totals;
        private readonly float* _coefficients;
        private readonly int _coefficientCount;
        private readonly int* _keptBefore;

        public Tiles(
            in HeadProblem problem, in SortedRows rows, RowCertificate certificate, int* starts, TileTotals<TKernels>* totals, int workers, in KeyBlocks blocks, ref Arena arena)
        {
            _problem = problem;
            _certificate = certificate;
            _sorted = rows;
            _starts = starts;
            _blocks = blocks;
            _coefficientCount = problem.Layout.Specials > 0
                ? checked(problem.Position.LastOffset - problem.Position.FirstOffset + 1 + KernelShape.KeyTile)
                : checked((int)(problem.Layout.MostPlaces(problem.KeyCount) + problem.Layout.MostPlaces(TileRows) + KernelShape.KeyTile));
            _totals = totals;
            _coefficients = arena.Take<float>((long)workers * _coefficientCount);
            _keptBefore = arena.Take<int>(problem.KeyCount + 1L);
            _sums = new PartialSums
            {
                Numerators = arena.Take<float>((long)workers * TileRows * _blocks.ValueStride),
                NumeratorStride = _blocks.ValueStride,
                Denominators = arena.Take<float>((long)workers * TileRows),
                NumeratorErrors = arena.Take<float>(problem.QueryCount),
                DenominatorErrors = arena.Take<float>(problem.QueryCount),
            };
            if (arena.IsMeasuring) return;
            AttentionMethod.SetUnderflowErrors(problem, _sums);
            _keptBefore[0] = 0;
            for (int j = 0; j < problem.KeyCount; j++) _keptBefore[j + 1] = _keptBefore[j] + (rows.KeyStates[j] == RowState.Kept ? 1 : 0);
        }

        /// <summary>What one thread works in.</summary>
        public TileTotals<TKernels> TakeTotals(bool isFine, ref Arena arena) => new(isFine, TileRows, _blocks.ValueStride, _blocks.Count, ref arena);

        public void Run(int index, int worker)
        {
            PartialSums sums = Compute(FirstRow(_sorted.Uncertified[_starts[index]]), worker);
            for (int next = _starts[index]; next < _starts[index + 1]; next++)
            {
                int row = _sorted.Uncertified[next];
                _problem.Floor.Raise(_problem, sums, row);
                if (!_certificate.Holds(sums, row, (float)(_sorted.LargestNorm[row] * _problem.Values.Factor))) continue;
                StoredRow.Store<TKernels>(_problem, sums, row, _sorted.Output);
                _sorted.Uncertified[next] = Stored;
            }
        }

        /// <summary>Sums of rows <paramref name="first"/> …, addressed by their row number.</summary>
        private PartialSums Compute(int first, int worker)
        {
            int rows = Math.Min(TileRows, Padding.RoundUp(_problem.QueryCount, TKernels.RowTile) - first);
            PartialSums sums = _sums;
            sums.Numerators += ((long)worker * TileRows * sums.NumeratorStride) - ((long)first * sums.NumeratorStride);
            sums.Denominators += ((long)worker * TileRows) - first;
            CoefficientWindow coefficients = Coefficients(first, rows, _coefficients + ((long)worker * _coefficientCount), out double largestBias);
            sums.LogScale = _problem.KeyLogScale + largestBias;
            _totals[worker].Sum(_problem, coefficients, _blocks, sums, first, rows);
            _problem.Loud.Add<TKernels>(_problem, coefficients, sums, first, Math.Min(first + rows, _problem.QueryCount));
            return sums;
        }

        /// <summary>exp(b_t − the largest b that counts) where some row of the tile meets a kept key at offset t, else zero.</summary>
        private CoefficientWindow Coefficients(int first, int rows, float* coefficients, out double largest)
        {
            TokenLayout layout = _problem.Layout;
            (int lowest, int highest) = layout.Specials > 0
                ? (_problem.Position.FirstOffset, _problem.Position.LastOffset)
                : (_problem.OffsetBetween(first + rows - 1, 0), _problem.OffsetBetween(first, _problem.KeyCount - 1));
            int count = highest + 1 - lowest;
            int queryEnd = Math.Min(first + rows, _problem.QueryCount), firstUsed = int.MaxValue, lastUsed = int.MinValue;
            new Span<float>(coefficients, count + KernelShape.KeyTile).Clear();
            for (int query = first, nextQuery; query < queryEnd; query = nextQuery)
            {
                nextQuery = Math.Min(layout.RowEnd(query), queryEnd);
                for (int key = 0, nextKey; key < _problem.KeyCount; key = nextKey)
                {
                    nextKey = Math.Min(layout.RowEnd(key), _problem.KeyCount);
                    Mark(query, nextQuery, key, nextKey, lowest, coefficients, ref firstUsed, ref lastUsed);
                }
            }

            // The difference is taken in float64: far out, biases are much larger than what they differ by.
            HeadPosition position = _problem.Position;
            largest = double.NegativeInfinity;
            for (int offset = firstUsed; offset <= lastUsed; offset++)
            {
                if (coefficients[offset - lowest] != 0) largest = Math.Max(largest, position.Bias(offset));
            }

            for (int offset = firstUsed; offset <= lastUsed; offset++)
            {
                if (coefficients[offset - lowest] != 0) coefficients[offset - lowest] = (float)Math.Exp(position.Bias(offset) - largest);
            }

            return new CoefficientWindow((nint)(coefficients - lowest), firstUsed, lastUsed);
        }

        /// <summary>Marks the offsets where queries and kept keys meet, both side by side.</summary>
        private void Mark(
            int firstQuery, int queryEnd, int firstKey, int keyEnd, int lowest, float* coefficients, ref int firstUsed, ref int lastUsed)
        {
            HeadPosition position = _problem.Position;
            if (_problem.Layout.IsSpecial(firstQuery) || _problem.Layout.IsSpecial(firstKey))
            {
                // All of them meet at one offset.
                int only = _problem.OffsetBetween(firstQuery, firstKey);
                if (!position.IsVisible(only) || _keptBefore[keyEnd] == _keptBefore[firstKey]) return;
                coefficients[only - lowest] = 1;
                firstUsed = Math.Min(firstUsed, only);
                lastUsed = Math.Max(lastUsed, only);
                return;
            }

            int queries = queryEnd - firstQuery, start = _problem.OffsetBetween(queryEnd - 1, firstKey);
            for (int distance = 0; distance < queries + keyEnd - firstKey - 1; distance++)
            {
                int offset = start + distance;
                if (!position.IsVisible(offset)) continue;
                int from = firstKey + Math.Max(distance - queries + 1, 0), end = Math.Min(firstKey + distance + 1, keyEnd);
                if (_keptBefore[end] == _keptBefore[from]) continue;
                coefficients[offset - lowest] = 1;
                firstUsed = Math.Min(firstUsed, offset);
                lastUsed = Math.Max(lastUsed, offset);
            }
        }
    }
}
