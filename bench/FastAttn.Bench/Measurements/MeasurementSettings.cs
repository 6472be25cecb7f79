namespace FastAttn.Bench.Measurements;

/// <summary>What the command line asked for.</summary>
/// <param name="RowTime">Time to spend on one row of a table.</param>
/// <param name="IsQuick">Fewer rows.</param>
/// <param name="Peers">Libraries of other implementations.</param>
/// <param name="Seed">What problems are drawn from, where they are drawn.</param>
internal sealed record MeasurementSettings(TimeSpan RowTime, bool IsQuick, IReadOnlyList<string> Peers, int Seed);
