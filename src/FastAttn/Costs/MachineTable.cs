using FastAttn.Kernels;
using FastAttn.Threading;

namespace FastAttn.Costs;

/// <summary>The cost table that plans of this process use, and where it comes from. Immutable.</summary>
/// <param name="Table">The figures.</param>
/// <param name="Tier">The tier of the kernels that were measured.</param>
/// <param name="Source">Where the figures come from, in one sentence.</param>
internal sealed record MachineTable(CostTable Table, InstructionTier Tier, string Source)
{
    /// <summary>The environment variable that names the file to read instead of <see cref="DefaultFile"/>; <see cref="ShippedWord"/> means none.</summary>
    public const string Variable = "FASTATTN_COSTS";

    private const string ShippedWord = "shipped";

    private static readonly Once<MachineTable> InUse = new(Load);

    /// <summary>What plans use; read once, at the first plan.</summary>
    public static MachineTable Current => InUse.Value;

    /// <summary>Where a measured table is kept; empty when the user has no such folder.</summary>
    public static string DefaultFile
    {
        get
        {
            string folder = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
            if (folder.Length == 0) return "";
            string processor = string.Concat(ProcessorIdentity.Current.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-'));
            string words = string.Join('-', processor.Split('-', StringSplitOptions.RemoveEmptyEntries));
            return Path.Combine(folder, "fastattn", Invariant($"costs-{Words.Of(Tiers.Current)}-{words}.json"));
        }
    }

    private static MachineTable Load()
    {
        InstructionTier tier = Tiers.Current;
        string shipped = $"shipped for {Words.Of(tier)}";
        string? asked = Environment.GetEnvironmentVariable(Variable);
        if (asked == ShippedWord) return new(CostTable.Shipped(tier), tier, Invariant($"{shipped} ({Variable}={ShippedWord})"));
        string file = string.IsNullOrEmpty(asked) ? DefaultFile : asked;
        if (file.Length == 0 || (string.IsNullOrEmpty(asked) && !File.Exists(file))) return new(CostTable.Shipped(tier), tier, shipped);
        return CostTableFile.Read(file, tier, out string fault) is CostTable measured
            ? new(measured, tier, $"measured on this machine, kept in {file}")
            : new(CostTable.Shipped(tier), tier, Invariant($"{shipped}, because {file} cannot be used: {fault}"));
    }
}
