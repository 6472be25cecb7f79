namespace FastAttn.Cli.Compare;

/// <summary>What was measured of one system.</summary>
/// <param name="System">The system.</param>
/// <param name="Seconds">Median time of a call, all heads.</param>
/// <param name="Bytes">Working memory of one piece of work in flight.</param>
/// <param name="FromSoftmax">Rows' distances from exact softmax attention with the bias.</param>
/// <param name="FromExact">Rows' distances from the system's own exact form.</param>
internal sealed record CompareResult(ComparedSystem System, double Seconds, long Bytes, RowErrors FromSoftmax, RowErrors FromExact);
