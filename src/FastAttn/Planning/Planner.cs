using FastAttn.Fft;
using FastAttn.Memory;

namespace FastAttn.Planning;

/// <summary>Estimates every method and takes the cheapest that can compute the problem. Depends on sizes and the cost table only.</summary>
internal sealed class Planner(AttentionShape shape, int features, int largestOffset, bool hasPosition, int lanes, CostTable costs)
{
    private readonly int _columns = Padding.RoundUp(shape.ValueDimension, lanes);

    /// <summary>Length the FFT method would use, 0 when the sequence is too long for it.</summary>
    public int FftLength { get; } = FftLengthFor(shape);

    /// <summary>All methods, cheapest admissible first.</summary>
    public IReadOnlyList<MethodCandidate> Candidates() =>
    [
        .. new[] { Direct(), Fft(), Linear() }.OrderBy(candidate => candidate.Admissible ? candidate.SecondsPerHead : double.PositiveInfinity),
    ];

    /// <summary>Pairs of query and key that the direct method visits.</summary>
    private double Pairs()
    {
        double pairs = (double)shape.QueryLength * shape.KeyLength;
        if (largestOffset >= shape.KeyLength - 1) return pairs;

        // Row i sees largestOffset + 1 + i keys, none below zero, all from some row on.
        double first = Math.Clamp(-largestOffset - 1.0, 0, shape.QueryLength), full = Math.Clamp(shape.KeyLength - 1.0 - largestOffset, 0, shape.QueryLength);
        double ramp = full - first, seenFirst = Math.Max(largestOffset + 1.0 + first, 0), seenLast = Math.Min(largestOffset + full, shape.KeyLength);
        return (ramp * (seenFirst + seenLast) / 2) + ((shape.QueryLength - full) * shape.KeyLength);
    }

    private MethodCandidate Direct() =>
        new(Method.Direct, true, "always possible", 2 * Pairs() * (features + _columns + 1) / (costs.DirectGflops * 1e9), WorkspaceBytes(3, 3, 0));

    private MethodCandidate Fft()
    {
        if (FftLength == 0) return new(Method.Fft, false, $"sequences beyond {FftRecipe.MaximumLength} tokens", double.NaN, 0);
        double transforms = (features / 2.0 * (_columns / (double)lanes)) + (features / (2.0 * lanes) * 2);
        return new(
            Method.Fft, true, $"transforms of length {FftLength}",
            transforms * FftLength * costs.FftNanosecondsPerPoint(FftLength) * 1e-9, WorkspaceBytes(3, 2, 4 * lanes));
    }

    private MethodCandidate Linear() => hasPosition
        ? new(Method.Linear, false, "needs a problem without relative positions", double.NaN, 0)
        : new(
            Method.Linear, true, "no relative positions",
            2.0 * (shape.QueryLength + shape.KeyLength) * features * (_columns + 1) / (costs.LinearGflops * 1e9), WorkspaceBytes(3, 3, 0));

    private long WorkspaceBytes(int featureCopies, int valueCopies, int extra) =>
        4L * Math.Max(Math.Max(shape.QueryLength, shape.KeyLength), FftLength) * ((featureCopies * features) + (valueCopies * _columns) + extra);

    private static int FftLengthFor(AttentionShape shape)
    {
        int tokens = Math.Max(shape.QueryLength, shape.KeyLength);
        return tokens > FftRecipe.MaximumLength ? 0 : LaneFft.NextLength(tokens);
    }
}
