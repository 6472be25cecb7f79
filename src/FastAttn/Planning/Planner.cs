using System.Globalization;
using FastAttn.Fft;
using FastAttn.Memory;

namespace FastAttn.Planning;

/// <summary>Estimates every method and takes the cheapest that can compute the problem. Depends on sizes, positions and the cost table, never on query, key and value.</summary>
internal sealed class Planner(AttentionShape shape, int features, PositionProfile positions, int lanes, CostTable costs)
{
    private readonly int _columns = Padding.RoundUp(shape.ValueDimension, lanes);

    /// <summary>Length the FFT method would use, 0 when the sequence is too long for it.</summary>
    public int FftLength { get; } = FftLengthFor(shape);

    /// <summary>All methods, cheapest admissible first.</summary>
    public IReadOnlyList<MethodCandidate> Candidates() =>
    [
        .. new[] { Direct(), Fft(), Linear() }.OrderBy(candidate => candidate.Admissible ? candidate.SecondsPerHead : double.PositiveInfinity),
    ];

    private MethodCandidate Direct() =>
        new(Method.Direct, true, "always possible", 2 * positions.Pairs * (features + _columns + 1) / (costs.DirectGflops * 1e9), WorkspaceBytes(3, 3, 0));

    private MethodCandidate Fft()
    {
        if (FftLength == 0) return new(Method.Fft, false, $"sequences beyond {FftRecipe.MaximumLength} tokens", double.NaN, 0);
        double transforms = (features / 2.0 * (_columns / (double)lanes)) + (features / (2.0 * lanes) * 2);
        double seconds = transforms * FftLength * costs.FftNanosecondsPerPoint(FftLength) * 1e-9;
        long bytes = WorkspaceBytes(3, 2, 4 * lanes);
        return positions.SteepShare > 0
            ? new(
                Method.Fft, true, string.Create(CultureInfo.InvariantCulture, $"transforms of length {FftLength}; {positions.SteepShare:P0} of the heads so steep that they would run directly after all"),
                seconds + (positions.SteepShare * Direct().SecondsPerHead), bytes)
            : new(Method.Fft, true, $"transforms of length {FftLength}", seconds, bytes);
    }

    private MethodCandidate Linear() => positions.HasBias
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
