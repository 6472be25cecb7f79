namespace FastAttn.Cli.Tests.Commands;

public class InfoCommandTests
{
    [Fact]
    public void Prints_what_the_library_knows_about_itself()
    {
        string output = Cli.Run("info").AssertSucceeded().Output;

        Assert.Contains($"version            {FastAttnInfo.Version}", output, StringComparison.Ordinal);
        Assert.Contains($"tier               {Words.Of(FastAttnInfo.Tier)}: {FastAttnInfo.TierReason}", output, StringComparison.Ordinal);
        Assert.Contains($"tiers to choose    {string.Join(", ", FastAttnInfo.AvailableTiers.Select(Words.Of))}", output, StringComparison.Ordinal);
        Assert.Contains(FastAttnInfo.Tier, FastAttnInfo.AvailableTiers);
        Assert.Contains(InstructionTier.Portable, FastAttnInfo.AvailableTiers);
        Assert.Contains($"head dimensions    {string.Join(", ", FastAttnInfo.HeadDimensions)}", output, StringComparison.Ordinal);
        Assert.Contains($"value dimensions   {string.Join(", ", FastAttnInfo.ValueDimensions)}", output, StringComparison.Ordinal);
        Assert.Contains($"Fourier codelets   {string.Join(", ", FastAttnInfo.FftCodelets)}", output, StringComparison.Ordinal);
        Assert.Contains($"threads            {FastAttnInfo.DefaultThreads}", output, StringComparison.Ordinal);
        Assert.Contains($"cost table         {MachineCosts.Current.Source}", output, StringComparison.Ordinal);
        Assert.Contains("64", output, StringComparison.Ordinal);
    }
}
