namespace FastAttn.Positions;

/// <summary>Consecutive offsets j − i, first to last, at which keys are visible.</summary>
internal readonly record struct OffsetRun(int First, int Last)
{
    public long Length => (long)Last - First + 1;
}
