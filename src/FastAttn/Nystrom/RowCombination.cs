using System.Numerics;
using System.Runtime.CompilerServices;

namespace FastAttn.Nystrom;

/// <summary>The one loop of dense algebra in float64 that matrices of landmarks need: rows added to a row, each times a factor.</summary>
internal static unsafe class RowCombination
{
    /// <summary>Vectors that are summed in registers at a time.</summary>
    private const int Ways = 8;

    /// <summary><c>target[c] += sign · Σ_i factors[i·factorStride] · rows[i·rowStride + c]</c>, in the order of i for every c.</summary>
    public static void Add(double sign, double* factors, nint factorStride, double* rows, nint rowStride, int count, double* target, int columns)
    {
        int width = Vector<double>.Count, column = 0;
        for (; column <= columns - (Ways * width); column += Ways * width) AddWays(sign, factors, factorStride, rows + column, rowStride, count, target + column);
        for (; column <= columns - width; column += width)
        {
            Vector<double> sum = Load(target + column);
            for (int i = 0; i < count; i++) sum = Vector.MultiplyAddEstimate(new Vector<double>(sign * factors[i * factorStride]), Load(rows + (i * rowStride) + column), sum);
            Store(sum, target + column);
        }

        for (; column < columns; column++)
        {
            double sum = target[column];
            for (int i = 0; i < count; i++) sum = double.MultiplyAddEstimate(sign * factors[i * factorStride], rows[(i * rowStride) + column], sum);
            target[column] = sum;
        }
    }

    private static void AddWays(double sign, double* factors, nint factorStride, double* rows, nint rowStride, int count, double* target)
    {
        int width = Vector<double>.Count;
        Vector<double> sum0 = Load(target), sum1 = Load(target + width), sum2 = Load(target + (2 * width)), sum3 = Load(target + (3 * width));
        Vector<double> sum4 = Load(target + (4 * width)), sum5 = Load(target + (5 * width)), sum6 = Load(target + (6 * width)), sum7 = Load(target + (7 * width));
        for (int i = 0; i < count; i++)
        {
            var factor = new Vector<double>(sign * factors[i * factorStride]);
            double* row = rows + (i * rowStride);
            sum0 = Vector.MultiplyAddEstimate(factor, Load(row), sum0);
            sum1 = Vector.MultiplyAddEstimate(factor, Load(row + width), sum1);
            sum2 = Vector.MultiplyAddEstimate(factor, Load(row + (2 * width)), sum2);
            sum3 = Vector.MultiplyAddEstimate(factor, Load(row + (3 * width)), sum3);
            sum4 = Vector.MultiplyAddEstimate(factor, Load(row + (4 * width)), sum4);
            sum5 = Vector.MultiplyAddEstimate(factor, Load(row + (5 * width)), sum5);
            sum6 = Vector.MultiplyAddEstimate(factor, Load(row + (6 * width)), sum6);
            sum7 = Vector.MultiplyAddEstimate(factor, Load(row + (7 * width)), sum7);
        }

        Store(sum0, target);
        Store(sum1, target + width);
        Store(sum2, target + (2 * width));
        Store(sum3, target + (3 * width));
        Store(sum4, target + (4 * width));
        Store(sum5, target + (5 * width));
        Store(sum6, target + (6 * width));
        Store(sum7, target + (7 * width));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Load(double* source) => Unsafe.ReadUnaligned<Vector<double>>(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector<double> value, double* target) => Unsafe.WriteUnaligned(target, value);
}
