using System.Numerics.Tensors;
using FastAttn.Features;
using FastAttn.Memory;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>What is found out about the values of a head before any method reads them: their norms, the power of two they are multiplied by, and which rows hold NaN or infinity.</summary>
internal static unsafe class ValueRows
{
    /// <param name="values">The caller's rows.</param>
    /// <param name="keyStates">States of the keys; a value whose key takes no part is not read.</param>
    /// <param name="states">One a row, filled.</param>
    /// <param name="norms">‖v_j‖₂ of the finite entries, one a row, filled; zero where a key is dropped.</param>
    /// <param name="crew">Shares ranges of rows.</param>
    /// <param name="arena">Scratch, given back.</param>
    public static ValueSource Prepare(RowSource values, RowState* keyStates, RowState* states, double* norms, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        int ranges = RowRanges.Count(values.Count);
        double* largest = arena.Take<double>(ranges);
        float* converted = arena.Take<float>((long)crew.Workers * values.Columns);
        float factor = 1;
        if (!arena.IsMeasuring)
        {
            crew.Run(new Ranges(values, keyStates, states, norms, largest, converted), ranges);
            factor = ValueSource.FactorFor(TensorPrimitives.Max(new ReadOnlySpan<double>(largest, ranges)));
        }

        arena.Release(mark);
        return new ValueSource(values, states, factor);
    }

    private readonly struct Ranges(RowSource values, RowState* keyStates, RowState* states, double* norms, double* largest, float* converted) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            (int first, int end) = RowRanges.Of(index, values.Count);
            largest[index] = 0;
            for (int j = first; j < end; j++)
            {
                norms[j] = 0;
                states[j] = RowState.Masked;
                if (keyStates[j] != RowState.Kept) continue;

                // In float64 the sum of squares is finite if and only if every entry is.
                float* row = values.Read(j, converted + ((long)worker * values.Columns));
                double squares = WideSum.OfSquares(row, values.Columns);
                states[j] = double.IsFinite(squares) ? RowState.Kept : RowState.NonFinite;
                norms[j] = Math.Sqrt(states[j] == RowState.Kept ? squares : OfFiniteEntries(row));
                largest[index] = Math.Max(largest[index], norms[j]);
            }
        }

        private double OfFiniteEntries(float* row)
        {
            double squares = 0;
            for (int column = 0; column < values.Columns; column++)
            {
                if (float.IsFinite(row[column])) squares += (double)row[column] * row[column];
            }

            return squares;
        }
    }
}
