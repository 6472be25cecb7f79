using System.Numerics;

namespace FastAttn.Sums;

/// <summary>
/// Totals of many float32 numbers that do not drift: beside each total stands what its additions rounded off, which the next addition
/// takes in (Kahan 1965, with the exact error of an addition by Knuth). However many numbers x join, the total is off by at most
/// <see cref="Roundings"/> · 2⁻²⁴ · Σ|x|.
/// </summary>
internal static unsafe class CompensatedSums
{
    /// <summary>One where a number meets what was lost before, one where the last loss is dropped.</summary>
    public const int Roundings = 2;

    /// <summary>Adds numbers to their totals and clears them.</summary>
    /// <param name="numbers">What joins.</param>
    /// <param name="totals">The totals.</param>
    /// <param name="lost">What additions rounded off so far; zeros at first.</param>
    /// <param name="count">How many there are of each.</param>
    public static void Move(float* numbers, float* totals, float* lost, long count)
    {
        long i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> total = Vector.Load(totals + i), number = Vector.Load(numbers + i) + Vector.Load(lost + i);
            Vector<float> sum = total + number, added = sum - total, error = (total - (sum - added)) + (number - added);
            Vector.Store(sum, totals + i);

            // Infinity has no error, where the formula finds NaN.
            Vector.Store(Vector.ConditionalSelect(Vector.Equals(error, error), error, Vector<float>.Zero), lost + i);
            Vector.Store(Vector<float>.Zero, numbers + i);
        }

        for (; i < count; i++)
        {
            float total = totals[i], number = numbers[i] + lost[i];
            float sum = total + number, added = sum - total, error = (total - (sum - added)) + (number - added);
            totals[i] = sum;
            lost[i] = float.IsNaN(error) ? 0 : error;
            numbers[i] = 0;
        }
    }
}
