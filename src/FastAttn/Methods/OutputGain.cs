using System.Numerics.Tensors;

namespace FastAttn.Methods;

/// <summary>What every entry z of a finished output row becomes: <c>γ·z</c>, or <c>γ·sign(z)|z|^β</c>, with γ and β for each column. NaN stays NaN. Immutable.</summary>
internal sealed unsafe class OutputGain
{
    /// <summary>Columns raised to their powers at a time.</summary>
    private const int PieceColumns = 512;

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

    /// <summary>Changes a row in place.</summary>
    public void Apply(float* row, int head)
    {
        var entries = new Span<float>(row, _columns);
        if (_beta is not null)
        {
            // Pieces of about a size, none shorter than a vector: what a column becomes does not depend on where a piece ends.
            int pieces = (_columns + PieceColumns - 1) / PieceColumns;
            for (int piece = 0; piece < pieces; piece++)
            {
                int first = (int)((long)piece * _columns / pieces), end = (int)((piece + 1L) * _columns / pieces);
                Raise(entries[first..end], OfHead(_beta, head)[first..end]);
            }
        }

        if (_gamma is not null) TensorPrimitives.Multiply(entries, OfHead(_gamma, head), entries);
    }

    /// <summary>In float64: a power is the exponential of a product, whose rounding float32 would show.</summary>
    private static void Raise(Span<float> entries, ReadOnlySpan<double> powers)
    {
        Span<double> raised = stackalloc double[PieceColumns];
        raised = raised[..entries.Length];
        TensorPrimitives.ConvertTruncating<float, double>(entries, raised);
        TensorPrimitives.Abs(raised, raised);
        TensorPrimitives.Pow(raised, powers, raised);
        for (int column = 0; column < entries.Length; column++) entries[column] = (float)Math.CopySign(raised[column], entries[column]);
    }

    private ReadOnlySpan<T> OfHead<T>(T[] values, int head) => values.AsSpan(values.Length == _columns ? 0 : head * _columns, _columns);
}
