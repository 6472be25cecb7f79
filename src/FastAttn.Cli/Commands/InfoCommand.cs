using System.CommandLine;

namespace FastAttn.Cli.Commands;

/// <summary><c>fastattn info</c>: what this build has and what this machine gets.</summary>
internal static class InfoCommand
{
    public static Command Create()
    {
        Command command = new("info", "Print the version, the instruction tier and why, the generated dimensions and Fourier codelets, the threads, and where the planner's cost table comes from.");
        command.SetAction(parsed => Print(parsed.InvocationConfiguration.Output));
        return command;
    }

    private static void Print(TextWriter output)
    {
        output.WriteLine($"version            {FastAttnInfo.Version}");
        output.WriteLine($"tier               {Words.Of(FastAttnInfo.Tier)}: {FastAttnInfo.TierReason}");
        output.WriteLine($"tiers to choose    {string.Join(", ", FastAttnInfo.AvailableTiers.Select(Words.Of))} (FASTATTN_TIER lowers it)");
        output.WriteLine($"head dimensions    {List(FastAttnInfo.HeadDimensions)} (others run padded)");
        output.WriteLine($"value dimensions   {List(FastAttnInfo.ValueDimensions)} (others run padded)");
        output.WriteLine($"Fourier codelets   {List(FastAttnInfo.FftCodelets)}");
        output.WriteLine($"threads            {FastAttnInfo.DefaultThreads}");
        output.WriteLine($"cost table         {MachineCosts.Current.Source}");
    }

    private static string List(IReadOnlyList<int> numbers) => string.Join(", ", numbers);
}
