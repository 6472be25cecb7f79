using FastAttn.Costs;
using FastAttn.Kernels;
using FastAttn.Tuning;

namespace FastAttn;

/// <summary>
/// The planner's cost table on this machine: shipped with the library for the instruction tier, or measured once and kept in a file. It decides which
/// method runs. It never decides whether the answer is right: with another table another method may run, whose answer is also within the tolerance.
/// Immutable and thread-safe.
/// </summary>
public sealed class MachineCosts
{
    /// <summary>
    /// The environment variable that names the file to read instead of <see cref="DefaultFile"/>; the word <c>shipped</c> means none.
    /// Read once, at the first plan.
    /// </summary>
    public const string Variable = MachineTable.Variable;

    private readonly MachineTable _kept;

    private MachineCosts(MachineTable kept) => _kept = kept;

    /// <summary>What plans of this process use.</summary>
    /// <exception cref="ArgumentException"><c>FASTATTN_TIER</c> holds an unknown word.</exception>
    public static MachineCosts Current => new(MachineTable.Current);

    /// <summary>
    /// Where a measured table is kept: <c>fastattn/costs-TIER-PROCESSOR.json</c> in the user's local data folder (on Linux
    /// <c>$XDG_DATA_HOME</c>, else <c>~/.local/share</c>; on Windows <c>%LOCALAPPDATA%</c>). Empty when the user has no such folder.
    /// </summary>
    public static string DefaultFile => MachineTable.DefaultFile;

    /// <summary>The tier of the kernels that were measured.</summary>
    public InstructionTier Tier => _kept.Tier;

    /// <summary>Where the figures come from, in one sentence.</summary>
    public string Source => _kept.Source;

    /// <summary>The figures.</summary>
    public IReadOnlyList<CostFigure> Figures => [.. Table.Figures];

    internal CostTable Table => _kept.Table;

    /// <summary>
    /// Measures this machine on one thread, in some seconds. Other work on the machine distorts the figures, so let it rest. Changes nothing:
    /// <see cref="Save"/> keeps the result for later processes.
    /// </summary>
    /// <param name="progress">Called before each step with its name and the share of steps that are done; null for none.</param>
    /// <param name="cancellation">Checked between steps.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static MachineCosts Measure(Action<string, double>? progress = null, CancellationToken cancellation = default) =>
        new(new MachineTable(new CostMeasurement(progress, cancellation).Run(), Tiers.Current, "measured just now"));

    /// <summary>Writes the figures to a file, whole or not at all; folders on the way are made. An older file is replaced.</summary>
    /// <param name="file">Where to.</param>
    /// <exception cref="ArgumentException"><paramref name="file"/> is null or empty.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void Save(string file)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        string full = Path.GetFullPath(file);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        CostTableFile.Write(full, Table, Tier);
    }
}
