using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;

namespace FastAttn.Bench.Timing;

/// <summary>The machine that a table belongs to.</summary>
internal static class Machine
{
    /// <summary>The processor's name as the system tells it.</summary>
    public static string Processor { get; } = ReadProcessor();

    /// <summary>Processor and tier as a folder's name.</summary>
    public static string FolderName { get; } =
        string.Join('-', $"{Processor} {Words.Of(FastAttnInfo.Tier)}".ToLowerInvariant().Split([' ', '(', ')', '@', '/', ',', '.'], StringSplitOptions.RemoveEmptyEntries));

    /// <summary>One line for the head of a table.</summary>
    public static string Description =>
        $"{Processor}, {Cores} of {Environment.ProcessorCount} cores allowed, tier {Words.Of(FastAttnInfo.Tier)} ({FastAttnInfo.TierReason}), FastAttn {FastAttnInfo.Version}, {RuntimeInformation.FrameworkDescription}";

    private static int Cores => OperatingSystem.IsLinux() || OperatingSystem.IsWindows()
        ? BitOperations.PopCount((ulong)Process.GetCurrentProcess().ProcessorAffinity)
        : Environment.ProcessorCount;

    /// <summary>Leaves this process the last core it may use; the first one has the machine's own work more often.</summary>
    public static void PinToOneCore()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsWindows()) return;
        using var process = Process.GetCurrentProcess();
        process.ProcessorAffinity = (nint)(1L << BitOperations.Log2((ulong)process.ProcessorAffinity));
    }

    private static string ReadProcessor()
    {
        const string File = "/proc/cpuinfo";
        string? line = System.IO.File.Exists(File)
            ? System.IO.File.ReadLines(File).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        return line?.Split(':')[^1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
