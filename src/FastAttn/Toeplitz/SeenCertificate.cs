using System.Numerics;

namespace FastAttn.Toeplitz;

/// <summary>
/// Which rows of a transformed product are sure to be right by what they see themselves. A transform rounds relative to whole columns;
/// a row that sees only small parts of them, or only small coefficients, may be smaller than that rounding.
/// </summary>
/// <remarks>
/// A row is sure when <see cref="Noise"/>·‖c‖₂·‖x‖₂ ≤ <see cref="Tolerance"/>·‖c_i‖₂·‖x_i‖₂, where c_i are the row's own coefficients and x_i the part
/// of the column that it sees. Rows are judged a segment at a time, and of what they see only whole segments count.
/// </remarks>
internal sealed unsafe class SeenCertificate
{
    /// <summary>An element is within so much of ‖c_i‖₂·‖x_i‖₂ of exact.</summary>
    public const double Tolerance = 1.0 / (1 << 15);

    /// <summary>
    /// A transform's error in ‖c‖₂·‖x‖₂, x the two columns of a point: twice the worst that was seen, 3.5·2⁻²⁴, at 22 lengths from 8 to 65,536.
    /// </summary>
    public const double Noise = 7.0 / (1 << 24);

    /// <summary>Between the squared norms of the two columns of a point, at most; see <see cref="ColumnExponents"/>.</summary>
    private const double LargestRatio = 16;

    /// <summary>The segments of the operand that all rows of each segment of the product see, and the least share of the whole that must lie there.</summary>
    private readonly int[] _from, _end;
    private readonly double[] _least;

    /// <summary>Whether every row sees from the start on and no less than the row before: then all rows after a sure one are sure.</summary>
    private readonly bool _rises;

    private SeenCertificate(int[] from, int[] end, double[] least)
    {
        _from = from;
        _end = end;
        _least = least;
        _rises = !from.AsSpan().ContainsAnyExcept(0);
        for (int segment = 1; segment < least.Length && _rises; segment++)
            _rises = end[segment] >= end[segment - 1] && least[segment] <= least[segment - 1];
    }

    /// <summary>Null when every row is sure, whatever the operand holds.</summary>
    /// <param name="seen">What the rows of a head see.</param>
    /// <param name="inputLength">Rows of the operand.</param>
    /// <param name="starts">The first row of each segment, of the operand and of the product alike, in order, and the end of the last one.</param>
    public static SeenCertificate? Of(SeenRows seen, int inputLength, ReadOnlySpan<int> starts)
    {
        int count = starts.Length - 1;
        int[] from = new int[count], end = new int[count];
        var least = new double[count];
        bool isSure = true;
        for (int segment = 0; segment < count; segment++)
        {
            end[segment] = count;
            if (starts[segment] >= seen.Count) continue;
            SeenRows.Range rows = seen.Of(starts[segment], Math.Min(starts[segment + 1], seen.Count));
            from[segment] = FirstFrom(starts, rows.LastFirst);
            end[segment] = rows.FirstEnd == inputLength ? count : FirstFrom(starts, rows.FirstEnd + 1) - 1;
            least[segment] = seen.Squares / rows.Squares * (Noise / Tolerance) * (Noise / Tolerance);
            isSure &= rows.LastFirst == 0 && rows.FirstEnd == inputLength && least[segment] * (1 + LargestRatio) <= 1;
        }

        return isSure ? null : new SeenCertificate(from, end, least);
    }

    /// <summary>Finds the segments of the product that are not sure; returns how many they are.</summary>
    /// <param name="squares">Sums of squares of the packed operand, <c>[segments, columns]</c>.</param>
    /// <param name="columns">Columns of a packed row; the first half are real parts, the second half imaginary ones.</param>
    /// <param name="segments">How many segments hold rows of the product.</param>
    /// <param name="before">Room for <c>[segments + 1, columns]</c> numbers.</param>
    /// <param name="unsure">One a segment.</param>
    public int Find(float* squares, int columns, int segments, double* before, bool* unsure)
    {
        // A column shares the rounding of its partner; one of zeros is zero in the end.
        int count = _least.Length, half = columns / 2;
        float* all = stackalloc float[2 * columns], need = all + columns;
        new Span<float>(all, columns).Clear();
        Sum(squares, columns, count, all);
        for (int column = 0; column < columns; column++) need[column] = all[column] == 0 ? 0 : all[column] + all[(column + half) % columns];
        return _rises ? FindRising(squares, columns, segments, need, unsure) : FindAny(squares, columns, segments, need, before, unsure);
    }

    /// <summary>Adds up segments' sums of squares.</summary>
    public static void Sum(float* squares, int columns, int segments, float* sums)
    {
        for (int column = 0; column < columns; column += Vector<float>.Count)
        {
            Vector<float> sum = Vector.Load(sums + column);
            float* from = squares + column;
            for (int segment = 0; segment < segments; segment++, from += columns) sum += Vector.Load(from);
            Vector.Store(sum, sums + column);
        }
    }

    /// <summary>Looks no further than the first sure segment.</summary>
    private int FindRising(float* squares, int columns, int segments, float* need, bool* unsure)
    {
        float* seen = stackalloc float[columns];
        new Span<float>(seen, columns).Clear();
        new Span<bool>(unsure, segments).Clear();
        for (int segment = 0, summed = 0; segment < segments; segment++)
        {
            Sum(squares + ((long)summed * columns), columns, _end[segment] - summed, seen);
            summed = _end[segment];
            var least = new Vector<float>((float)_least[segment]);
            bool isSure = true;
            for (int column = 0; column < columns; column += Vector<float>.Count)
                isSure &= Vector.GreaterThanOrEqualAll(Vector.Load(seen + column), Vector.Load(need + column) * least);
            if (isSure) return segment;
            unsure[segment] = true;
        }

        return segments;
    }

    /// <summary>Takes what a segment sees as the difference of two sums, which float64 holds exactly enough.</summary>
    private int FindAny(float* squares, int columns, int segments, float* need, double* before, bool* unsure)
    {
        int found = 0;
        new Span<double>(before, columns).Clear();
        for (long i = 0; i < (long)_least.Length * columns; i += Vector<float>.Count)
        {
            Vector.Widen(Vector.Load(squares + i), out Vector<double> low, out Vector<double> high);
            Vector.Store(Vector.Load(before + i) + low, before + i + columns);
            Vector.Store(Vector.Load(before + i + Vector<double>.Count) + high, before + i + Vector<double>.Count + columns);
        }

        for (int segment = 0; segment < segments; segment++)
        {
            double* from = before + ((long)_from[segment] * columns), end = before + ((long)_end[segment] * columns);
            bool isSure = true;
            for (int column = 0; column < columns; column += Vector<float>.Count)
            {
                Vector.Widen(Vector.Load(need + column), out Vector<double> low, out Vector<double> high);
                Vector<double> seenLow = Vector.Load(end + column) - Vector.Load(from + column);
                Vector<double> seenHigh = Vector.Load(end + column + Vector<double>.Count) - Vector.Load(from + column + Vector<double>.Count);
                isSure &= Vector.GreaterThanOrEqualAll(seenLow, low * _least[segment]) && Vector.GreaterThanOrEqualAll(seenHigh, high * _least[segment]);
            }

            unsure[segment] = !isSure;
            found += isSure ? 0 : 1;
        }

        return found;
    }

    /// <summary>The first segment that starts at <paramref name="row"/> or later; the end of the last one counts.</summary>
    private static int FirstFrom(ReadOnlySpan<int> starts, int row)
    {
        int index = starts.BinarySearch(row);
        return index < 0 ? Math.Min(~index, starts.Length - 1) : index;
    }
}
