using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Toeplitz;

/// <summary>
/// Rows of a product from square pieces of the matrix, halved until all rows of a piece see all of its operand: then nothing that a row
/// does not see is ever in its transform. The smallest pieces are multiplied as they stand. O(n·log² n) where the coefficients
/// are zero beyond a limit, and right for every operand; made when it is first needed.
/// </summary>
/// <typeparam name="TKernels">The instruction set.</typeparam>
internal sealed unsafe class SquareTiles<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>Side of the smallest pieces. A transform of twice that length costs less than the multiplications.</summary>
    private const int Smallest = 64;

    /// <summary>Rows that are multiplied together, with the part of the operand that they see.</summary>
    private const int Strip = 16;

    private readonly ToeplitzShape _shape;
    private readonly float[] _coefficients;
    private readonly SeenRows.Range[] _strips;
    private readonly Level[] _levels;
    private readonly Lock _gate = new();

    /// <param name="shape">Extents of the product.</param>
    /// <param name="coefficients">One head's, of no extreme size; kept.</param>
    public SquareTiles(ToeplitzShape shape, float[] coefficients)
    {
        _shape = shape;
        _coefficients = coefficients;
        var seen = new SeenRows(coefficients, shape);
        _strips = Ranges(seen, Strip);
        int sides = 1;
        while (Side(sides - 1) < Math.Max(shape.OutputLength, shape.InputLength)) sides++;
        _levels = new Level[sides];
        for (int level = 0; level < sides; level++) _levels[level] = new Level(shape, coefficients, seen, Ranges(seen, Side(level)), Side(level), sides);
    }

    /// <summary>Floats of workspace that any product of these extents needs.</summary>
    public static long WorkspaceFloats(ToeplitzShape shape)
    {
        int side = 2 * Smallest;
        while (2 * side < Math.Max(shape.OutputLength, shape.InputLength)) side *= 2;
        LaneFft fft = LaneFft.Get(side, TKernels.FftLanes);
        return (2L * TKernels.FftLanes * shape.OutputLength) + FftColumns<TKernels>.WorkspaceFloats(fft);
    }

    /// <summary>Rows <paramref name="first"/> … <paramref name="end"/> − 1 of the product.</summary>
    /// <param name="call">The columns.</param>
    /// <param name="first">The first row.</param>
    /// <param name="end">After the last row.</param>
    /// <param name="workspace"><see cref="WorkspaceFloats"/>.</param>
    public void Run(in ProductCall call, int first, int end, float* workspace)
    {
        int width = 2 * TKernels.FftLanes;
        var rows = new Rows(first, end, workspace, workspace + ((long)width * (end - first)));
        Clearing.Clear(rows.Sums, (long)width * (end - first));
        Visit(_levels.Length - 1, 0, 0, call, rows);
        call.Y.Store(rows.Sums, first, end - first);
    }

    private static int Side(int level) => Smallest << level;

    private SeenRows.Range[] Ranges(SeenRows seen, int side)
    {
        var ranges = new SeenRows.Range[(seen.Count + side - 1) / side];
        for (int i = 0; i < ranges.Length; i++) ranges[i] = seen.Of(i * side, Math.Min((i + 1) * side, seen.Count));
        return ranges;
    }

    /// <summary>Adds one piece: rows from row·side on, of the operand those from column·side on.</summary>
    private void Visit(int level, int row, int column, in ProductCall call, in Rows rows)
    {
        int side = Side(level), start = row * side, from = column * side;
        if (start >= rows.End || start + side <= rows.First || from >= _shape.InputLength) return;
        SeenRows.Range seen = _levels[level].Seen[row];
        int end = Math.Min(from + side, _shape.InputLength);
        if (seen.End <= from || seen.First >= end) return;
        if (level == 0)
        {
            Multiply(start, from, end, call, rows);
        }
        else if (seen.LastFirst <= from && seen.FirstEnd >= end && _levels[level].IsQuiet(row, column))
        {
            Transform(level, row, column, call, rows);
        }
        else
        {
            for (int child = 0; child < 4; child++) Visit(level - 1, (2 * row) + (child >> 1), (2 * column) + (child & 1), call, rows);
        }
    }

    /// <summary>A smallest piece, in strips of rows that leave out what none of their rows sees.</summary>
    private void Multiply(int start, int from, int end, in ProductCall call, in Rows rows)
    {
        int width = 2 * TKernels.FftLanes, last = Math.Min(Math.Min(start + Smallest, _shape.OutputLength), rows.End);
        call.X.Load(from, end - from, rows.Work, null);
        for (int strip = start; strip < last; strip += Strip)
        {
            int row = Math.Max(strip, rows.First), count = Math.Min(strip + Strip, last) - row;
            SeenRows.Range seen = _strips[strip / Strip];
            int first = Math.Max(seen.First, from), depth = Math.Min(seen.End, end) - first;
            if (count <= 0 || depth <= 0) continue;
            fixed (float* own = &_coefficients[first - row + _shape.OutputLength - 1])
            {
                TKernels.MultiplyAdd(
                    count, depth, width, own, -1,
                    rows.Work + ((long)(first - from) * width), width, rows.Sums + ((long)(row - rows.First) * width), width);
            }
        }
    }

    /// <summary>A piece by transform, its columns balanced by what they hold there.</summary>
    private void Transform(int level, int row, int column, in ProductCall call, in Rows rows)
    {
        int side = Side(level), width = 2 * TKernels.FftLanes;
        LaneFft fft = LaneFft.Get(side, TKernels.FftLanes);
        float* spectrum = Spectrum(fft, level, column - row);
        int* exponents = stackalloc int[2 * width], gains = exponents + width;
        float* squares = stackalloc float[width], memory = stackalloc float[ColumnFactors.Floats(width)];
        var factors = new ColumnFactors(memory, width);
        factors.SetOne();
        new Span<float>(squares, width).Clear();
        ToeplitzColumns own = call.Rows(column * side, side);
        FftColumns<TKernels>.Forward(fft, new OperandBlock(own, factors.In, 0, width), 0, rows.Work, squares, 0);
        ulong notFinite = ColumnExponents.Find(own, squares, new Span<int>(exponents, width));

        // Sums are in the units of the whole columns; one of zeros may hold numbers that are not finite.
        for (int i = 0; i < width; i++) gains[i] = call.Exponent(i) == ColumnExponents.Zero ? 0 : -call.Exponent(i);
        factors.Set(new ReadOnlySpan<int>(exponents, width), new ReadOnlySpan<int>(gains, width));
        var x = new OperandBlock(own, factors.In, notFinite, width);
        if (!x.IsAsItStands) FftColumns<TKernels>.Forward(fft, x, 0, rows.Work, null, 0);
        FftColumns<TKernels>.Inverse(fft, spectrum, new Adding(rows, factors.Out, row * side), rows.Work);
    }

    /// <summary>The spectrum of all pieces of a level that lie as far from the diagonal; made when it is first asked for.</summary>
    private float* Spectrum(LaneFft fft, int level, int distance)
    {
        ref AlignedBuffer? spectrum = ref _levels[level].Spectrum(distance);
        if (Volatile.Read(ref spectrum) is { } there) return (float*)there.Data;
        lock (_gate)
        {
            if (spectrum is null)
            {
                int side = fft.Length, start = (distance * side) - (side - 1) + _shape.OutputLength - 1;
                var window = new double[(2 * side) - 1];
                for (int i = 0; i < window.Length; i++)
                    window[i] = (uint)(start + i) < (uint)_shape.Diagonals ? _coefficients[start + i] : 0;
                var made = new AlignedBuffer(4L * side * sizeof(float));
                fixed (double* entries = window) fft.Spectrum(entries, side, side, (float*)made.Data);
                Volatile.Write(ref spectrum, made);
            }

            return (float*)spectrum.Data;
        }
    }

    /// <summary>Rows that are being made: their sums, and room to work in.</summary>
    private readonly struct Rows(int first, int end, float* sums, float* work)
    {
        public int First => first;

        public int End => end;

        public float* Sums => sums;

        public float* Work => work;
    }

    /// <summary>Adds rows of a piece to those sums that are being made.</summary>
    private readonly struct Adding(Rows rows, ColumnScaling scaling, int start) : IPackedRows
    {
        public void Put(float* packed, int row, int count, int segment)
        {
            int width = 2 * TKernels.FftLanes, first = Math.Max(start + row, rows.First), end = Math.Min(start + row + count, rows.End);
            if (first >= end) return;
            float* source = packed + ((long)(first - start - row) * width), target = rows.Sums + ((long)(first - rows.First) * width);
            scaling.Move<ColumnScaling.Adding>(source, width, end - first, width, target, width);
        }
    }

    /// <summary>What is known of the pieces of one size.</summary>
    private sealed class Level
    {
        /// <summary>
        /// The pieces that make up a row may together have so much of the row's own ‖c_i‖₂², so that their noise, which adds up as ‖x‖₂ does,
        /// keeps to the tolerance; half of it is for the columns that share a point.
        /// </summary>
        private const double Room = SeenCertificate.Tolerance * SeenCertificate.Tolerance / (SeenCertificate.Noise * SeenCertificate.Noise) / 17;

        private readonly double[] _squares;
        private readonly double[] _allowed;
        private readonly AlignedBuffer?[] _spectra;
        private readonly int _least;

        public Level(ToeplitzShape shape, ReadOnlySpan<float> coefficients, SeenRows seen, SeenRows.Range[] ranges, int side, int levels)
        {
            int above = (shape.OutputLength + side - 1) / side, beside = (shape.InputLength + side - 1) / side;
            Seen = ranges;
            _least = above - 1;
            _spectra = new AlignedBuffer?[above + beside - 1];
            _squares = new double[_spectra.Length];
            for (int i = 0; i < _squares.Length; i++)
            {
                int start = ((i - _least) * side) - (side - 1) + shape.OutputLength - 1;
                int first = Math.Clamp(start, 0, shape.Diagonals), end = Math.Clamp(start + (2 * side) - 1, 0, shape.Diagonals);
                foreach (float value in coefficients[first..end]) _squares[i] += (double)value * value;
            }

            // A row has at most so many pieces of this size, each with its share.
            _allowed = [.. ranges.Select(rows => Room * rows.Squares / levels / (((rows.End - rows.First) / side) + 2))];
        }

        /// <summary>What the rows of each piece see.</summary>
        public SeenRows.Range[] Seen { get; }

        /// <summary>Whether the noise of a piece's transform is little for every row of it.</summary>
        public bool IsQuiet(int row, int column) => _squares[column - row + _least] <= _allowed[row];

        public ref AlignedBuffer? Spectrum(int distance) => ref _spectra[distance + _least];
    }
}
