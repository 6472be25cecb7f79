using System.Numerics.Tensors;
using FastAttn.Features;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>What every entry z of a finished output row becomes: <c>γ·z</c>, or <c>γ·sign(z)|z|^β</c>, with γ and β for each column. NaN stays NaN. Immutable.</summary>
internal sealed unsafe class OutputGain
{
    private readonly float[]? _gamma;
    private readonly double[]? _beta;
    private readonly int _columns;

    /// <param name="gamma"><c>[columns]</c> or <c>[heads, columns]</c>; null for 1.</param>
    /// <param name="beta">The same, all above zero; null for 1.</param>
    /// <param name="columns">Columns of an output row.</param>
    public OutputGain(float[]? gamma, float[]? beta, int columns)
    {
        _gamma = gamma;
        _beta = beta is null ? null : Array.ConvertAll(beta, power => (double)power);
        _columns = columns;
    }

    /// <summary>Changes all rows of a head in place.</summary>
    public void Apply(RowSource rows, int head, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        double* powers = arena.Take<double>((long)crew.Workers * _columns);
        if (!arena.IsMeasuring) crew.Run(new Ranges(this, rows, head, powers), RowRanges.Count(rows.Count));
        arena.Release(mark);
    }

    private ReadOnlySpan<T> OfHead<T>(T[] values, int head) => values.AsSpan(values.Length == _columns ? 0 : head * _columns, _columns);

    private readonly struct Ranges(OutputGain gain, RowSource rows, int head, double* powers) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            (int first, int end) = RowRanges.Of(index, rows.Count);
            var power = new Span<double>(powers + ((long)worker * gain._columns), gain._columns);
            for (int i = first; i < end; i++)
            {
                var row = new Span<float>(rows.Row(i), gain._columns);
                if (gain._beta is not null)
                {
                    // In float64: a power is the exponential of a product, whose rounding float32 would show.
                    TensorPrimitives.ConvertTruncating<float, double>(row, power);
                    TensorPrimitives.Abs(power, power);
                    TensorPrimitives.Pow(power, gain.OfHead(gain._beta, head), power);
                    for (int column = 0; column < row.Length; column++) row[column] = (float)Math.CopySign(power[column], row[column]);
                }

                if (gain._gamma is not null) TensorPrimitives.Multiply(row, gain.OfHead(gain._gamma, head), row);
            }
        }
    }
}
