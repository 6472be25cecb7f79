using System.Numerics.Tensors;
using FastAttn.Features;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>What is found out about the values of a head before any method reads them: their common power of two, their norms, and which rows hold NaN or infinity.</summary>
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
        float* largest = arena.Take<float>(ranges);
        float factor = 1;
        if (!arena.IsMeasuring)
        {
            crew.Run(new Ranges(values, keyStates, states, norms, largest), ranges);
            factor = ValueSource.FactorFor(TensorPrimitives.Max(new ReadOnlySpan<float>(largest, ranges)));
        }

        arena.Release(mark);
        return new ValueSource(values, states, factor);
    }

    private readonly struct Ranges(RowSource values, RowState* keyStates, RowState* states, double* norms, float* largest) : IParallelWork
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
                float size = Math.Abs(TensorPrimitives.MaxMagnitude(new ReadOnlySpan<float>(values.Row(j), values.Columns)));
                if (float.IsFinite(size))
                {
                    states[j] = RowState.Kept;
                    norms[j] = Math.Sqrt(WideSum.OfSquares(values.Row(j), values.Columns));
                }
                else
                {
                    states[j] = RowState.NonFinite;
                    (size, norms[j]) = OfFiniteEntries(values.Row(j));
                }

                largest[index] = Math.Max(largest[index], size);
            }
        }

        private (float Size, double Norm) OfFiniteEntries(float* row)
        {
            float size = 0;
            double squares = 0;
            for (int column = 0; column < values.Columns; column++)
            {
                if (!float.IsFinite(row[column])) continue;
                size = Math.Max(size, Math.Abs(row[column]));
                squares += (double)row[column] * row[column];
            }

            return (size, Math.Sqrt(squares));
        }
    }
}
