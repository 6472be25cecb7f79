namespace FastAttn.Scores;

/// <summary>One head's biases in float64, one at a time: for rows whose biases are too large for float32. Bits of a score would be lost beside them.</summary>
/// <param name="Position">The position; null for no bias.</param>
/// <param name="Head">The position's head.</param>
/// <param name="Origin">What is taken off an offset before the position is asked.</param>
internal readonly record struct ExactBias(RelativePosition? Position, int Head, long Origin)
{
    /// <summary>The bias of an offset between places, in units of one binary logarithm.</summary>
    public double At(int offset)
    {
        if (Position is null) return 0;
        Span<double> bias = stackalloc double[1];
        Position.Biases(Head, offset - Origin, bias);
        return bias[0] * Math.Log2(Math.E);
    }
}
