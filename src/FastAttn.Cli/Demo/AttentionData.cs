namespace FastAttn.Cli.Demo;

/// <summary>The inputs of one attention over <see cref="DemoShape.Heads"/> heads.</summary>
/// <param name="Length">Positions n.</param>
/// <param name="Query"><c>[heads, n, d]</c>.</param>
/// <param name="Key"><c>[heads, n, d]</c>.</param>
/// <param name="Value"><c>[heads, n, d]</c>.</param>
/// <param name="Bias"><c>[heads, 2n − 1]</c>, entry (j − i) + (n − 1) belongs to query i and key j.</param>
internal sealed record AttentionData(int Length, float[] Query, float[] Key, float[] Value, float[] Bias)
{
    /// <summary>The sizes.</summary>
    public AttentionShape Shape => new(DemoShape.Heads, Length, DemoShape.HeadDimension);
}
