namespace FastAttn.Cli.Tests.Commands;

public sealed class TuneCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Measures_prints_and_keeps_the_table()
    {
        string output = Cli.Run("tune", "--output", _directory["made/costs.json"]).AssertSucceeded().Output;

        foreach (CostFigure figure in MachineCosts.Current.Figures) Assert.Contains(figure.Name, output, StringComparison.Ordinal);
        Assert.Contains(MachineCosts.Current.Source, output, StringComparison.Ordinal);
        Assert.Contains(_directory["made/costs.json"], output, StringComparison.Ordinal);
        Assert.Contains("\"directGflops\"", File.ReadAllText(_directory["made/costs.json"]), StringComparison.Ordinal);
        Assert.Equal(["made"], _directory.Names);
    }

    [Fact]
    public void A_target_that_cannot_be_written_is_told_before_measuring()
    {
        string folder = Directory.CreateDirectory(_directory["folder"]).FullName;
        Cli.Run("tune", "--output", folder).AssertFailed(1, $"fastattn tune: --output {folder}: is a directory, expected a file");
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    /// <summary>Keeping the table would put a regular file in the place of the device.</summary>
    [Fact]
    public void A_device_is_told_before_measuring()
    {
        if (OperatingSystem.IsWindows()) return;

        string device = _directory["link"];
        File.CreateSymbolicLink(device, "/dev/null");
        Cli.Run("tune", "--output", device).AssertFailed(1, $"fastattn tune: --output {device}: is a device or a pipe, expected a regular file");
    }
}
