using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;

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
    private static int TileRows => 8 * TKernels.RowTile;

    /// <summary>Stores every row of the list it can vouch for and returns how many stay on the list.</summary>
    public static int Run(
        in HeadProblem problem, RowState* keyStates, RowCertificate certificate, double* largestNorm, int* rows, int count,
        RowSource destination, ref Arena arena)
    {
        long mark = arena.Mark;
        int remaining = count;
        if (arena.IsMeasuring || count > 0)
        {
            var tile = new Tile(problem, keyStates, ref arena);
            if (!arena.IsMeasuring) remaining = RunTiles(problem, tile, certificate, largestNorm, rows, count, destination);
        }

        arena.Release(mark);
        return remaining;
    }

    private static int RunTiles(
        in HeadProblem problem, in Tile tile, RowCertificate certificate, double* largestNorm, int* rows, int count, RowSource destination)
    {
        int remaining = 0;
        for (int next = 0; next < count;)
        {
            int first = rows[next] / TKernels.RowTile * TKernels.RowTile, end = next;
            while (end < count && rows[end] < first + TileRows) end++;
            PartialSums sums = tile.Compute(problem, first);
            for (; next < end; next++)
            {
                int row = rows[next];
                if (certificate.Holds(sums, row, (float)(largestNorm[row] * problem.Values.Factor))) StoredRow.Store<TKernels>(problem, sums, row, destination);
                else rows[remaining++] = row;
            }
        }

        return remaining;
    }

    /// <summary>What one tile after another works in.</summary>
    private readonly struct Tile
    {
        private readonly KeyBlocks _blocks;
        private readonly PartialSums _sums;
        private readonly float* _rowSums;
        private readonly float* _coefficients;
        private readonly int* _keptBefore;

        public Tile(in HeadProblem problem, RowState* keyStates, ref Arena arena)
        {
            _blocks = KeyBlocks.Pack<TKernels>(problem, ref arena);
            _rowSums = arena.Take<float>((long)TileRows * TKernels.Lanes);
            _coefficients = arena.Take<float>((long)problem.KeyCount + TileRows + KernelShape.KeyTile);
            _keptBefore = arena.Take<int>(problem.KeyCount + 1L);
            _sums = new PartialSums
            {
                Numerators = arena.Take<float>((long)TileRows * _blocks.ValueStride),
                NumeratorStride = _blocks.ValueStride,
                Denominators = arena.Take<float>(TileRows),
                NumeratorErrors = arena.Take<float>(problem.QueryCount),
                DenominatorErrors = arena.Take<float>(problem.QueryCount),
            };
            if (arena.IsMeasuring) return;
            AttentionMethod.SetUnderflowErrors(problem, _sums);
            _keptBefore[0] = 0;
            for (int j = 0; j < problem.KeyCount; j++) _keptBefore[j + 1] = _keptBefore[j] + (keyStates[j] == RowState.Kept ? 1 : 0);
        }

        /// <summary>Sums of rows <paramref name="first"/> …, addressed by their row number.</summary>
        public PartialSums Compute(in HeadProblem problem, int first)
        {
            int rows = Math.Min(TileRows, Padding.RoundUp(problem.QueryCount, TKernels.RowTile) - first);
            PartialSums sums = _sums;
            sums.Numerators -= (long)first * sums.NumeratorStride;
            sums.Denominators -= first;
            Clearing.Clear(_sums.Numerators, (long)rows * sums.NumeratorStride);
            new Span<float>(_sums.Denominators, rows).Clear();
            new Span<float>(_rowSums, rows * TKernels.Lanes).Clear();
            DirectMethod<TKernels>.AddBlocks(problem, Coefficients(problem, first, rows), _blocks, sums, first, rows, 0, _blocks.Count, _rowSums);
            LaneSums.MoveTo<TKernels>(_sums.Denominators, _rowSums, rows);
            return sums;
        }

        /// <summary>exp(b_t − the largest b that counts) where some row of the tile meets a kept key at offset t, else zero.</summary>
        private CoefficientWindow Coefficients(in HeadProblem problem, int first, int rows)
        {
            HeadPosition position = problem.Position;
            int lowest = problem.Offset - (first + rows - 1), count = problem.KeyCount + rows - 1;
            int firstUsed = int.MaxValue, lastUsed = int.MinValue;
            new Span<float>(_coefficients, count).Fill(float.NegativeInfinity);
            new Span<float>(_coefficients + count, KernelShape.KeyTile).Clear();
            for (int index = 0; index < count; index++)
            {
                int offset = lowest + index;
                if (offset < position.FirstOffset || offset > position.LastOffset || !position.IsVisible(offset)) continue;
                int firstKey = Math.Max(index - rows + 1, 0), endKey = Math.Min(index + 1, problem.KeyCount);
                if (_keptBefore[endKey] == _keptBefore[firstKey]) continue;
                _coefficients[index] = position.Bias(offset);
                firstUsed = Math.Min(firstUsed, offset);
                lastUsed = offset;
            }

            if (firstUsed <= lastUsed) TKernels.ExpShifted(_coefficients, count, TKernels.Max(_coefficients, count));
            return new CoefficientWindow((nint)(_coefficients - lowest), firstUsed, lastUsed);
        }
    }
}
