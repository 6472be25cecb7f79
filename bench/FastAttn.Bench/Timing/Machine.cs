using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using FastAttn.Kernels;

namespace FastAttn.Bench.Timing;

/// <summary>The machine that a table belongs to.</summary>
internal static class Machine
{
    /// <summary>The processor's name as it tells it, and its design: virtual machines call different ones by one name.</summary>
    public static string Processor { get; } = ProcessorIdentity.Design is (int family, int model)
        ? $"{ProcessorIdentity.Name} {Design(ProcessorIdentity.Vendor, family, model)}"
        : ProcessorIdentity.Name;

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

    /// <summary>AMD's cores by name, as far as family and model tell them; others by the numbers.</summary>
    private static string Design(string vendor, int family, int model) => (vendor, family, model) switch
    {
        ("AuthenticAMD", 23, >= 0x30) => "Zen 2",
        ("AuthenticAMD", 25, (>= 0x10 and < 0x20) or (>= 0x60 and < 0xb0)) => "Zen 4",
        ("AuthenticAMD", 25, _) => "Zen 3",
        ("AuthenticAMD", 26, _) => "Zen 5",
        _ => $"family {family} model {model}",
    };
}
