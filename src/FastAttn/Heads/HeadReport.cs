namespace FastAttn.Heads;

/// <summary>What one head's run did.</summary>
internal readonly record struct HeadReport(int RepairedRows, bool FellBack);
