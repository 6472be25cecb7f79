using FastAttn.Costs;

namespace FastAttn.Tests.Planning;

/// <summary>Measured cost tables: what is kept in a file comes back, and whatever is wrong with a file makes it unusable, never an error.</summary>
public sealed class MachineCostsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fastattn-costs-").FullName;

    private string File1 => Path.Combine(_folder, "costs.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void WhatIsKeptComesBack()
    {
        CostTable table = CostTable.Shipped(InstructionTier.Avx2) with { DirectGflops = 12.5 };
        CostTableFile.Write(File1, table, FastAttnInfo.Tier);
        CostTable? read = CostTableFile.Read(File1, FastAttnInfo.Tier, out string fault);
        Assert.Equal("", fault);
        Assert.Equal(table.Named.SelectMany(entry => entry.Figures), read!.Named.SelectMany(entry => entry.Figures));
        Assert.Equal(table.Named.Select(entry => entry.Name), read.Named.Select(entry => entry.Name));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData("\"tier\": \"", "\"tier\": \"no such ", "tier")]
    [InlineData("\"processor\": \"", "\"processor\": \"another ", "processor")]
    [InlineData("\"version\": \"", "\"version\": \"9", "version")]
    [InlineData("\"directGflops\"", "\"directGflop\"", "complete")]
    [InlineData("{", "", "complete")]
    [InlineData("}", "", "complete")]
    [InlineData("12.5", "-12.5", "out of range")]
    [InlineData("12.5", "0", "out of range")]
    [InlineData("12.5", "1e300", "out of range")]
    [InlineData("12.5", "\"many\"", "complete")]
    [InlineData("12.5", "12.5, 13", "complete")]
    [InlineData("12.5", "", "complete")]
    public void ADamagedOrForeignFileIsNotUsed(string text, string instead, string fault)
    {
        CostTableFile.Write(File1, CostTable.Shipped(InstructionTier.Avx2) with { DirectGflops = 12.5 }, FastAttnInfo.Tier);
        string kept = File.ReadAllText(File1);
        Assert.Contains(text, kept);
        File.WriteAllText(File1, kept.Replace(text, instead));
        Assert.Null(CostTableFile.Read(File1, FastAttnInfo.Tier, out string found));
        Assert.Contains(fault, found);
    }

    [Fact]
    public void AByteOrderMarkDoesNoHarm()
    {
        CostTableFile.Write(File1, CostTable.Shipped(InstructionTier.Avx2) with { DirectGflops = 12.5 }, FastAttnInfo.Tier);
        File.WriteAllText(File1, File.ReadAllText(File1), new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal(0xef, File.ReadAllBytes(File1)[0]);
        Assert.Equal(12.5, CostTableFile.Read(File1, FastAttnInfo.Tier, out _)!.DirectGflops);
    }

    [Fact]
    public void SavingNowhereNamesTheArgument()
    {
        Assert.Equal("file", Assert.Throws<ArgumentNullException>(() => MachineCosts.Current.Save(null!)).ParamName);
        Assert.Equal("file", Assert.Throws<ArgumentException>(() => MachineCosts.Current.Save("")).ParamName);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("\0\u0001")]
    public void AFileThatIsSomethingElseIsNotUsed(string content)
    {
        File.WriteAllText(File1, content);
        Assert.Null(CostTableFile.Read(File1, FastAttnInfo.Tier, out string fault));
        Assert.Contains("complete", fault);
    }

    /// <summary>An endless device, and a file too long to be a table, are not even read.</summary>
    [Fact]
    public void AFileOfNoLengthOrTooMuchIsNotUsed()
    {
        File.WriteAllText(File1, new string(' ', 1 << 17) + "{}");
        Assert.Null(CostTableFile.Read(File1, FastAttnInfo.Tier, out string fault));
        Assert.Contains("complete", fault);
        if (OperatingSystem.IsWindows()) return;

        Assert.Null(CostTableFile.Read("/dev/zero", FastAttnInfo.Tier, out fault));
        Assert.Contains("complete", fault);
    }

    [Fact]
    public void AFileThatIsNotThereIsNotUsed()
    {
        Assert.Null(CostTableFile.Read(File1, FastAttnInfo.Tier, out string fault));
        Assert.NotEmpty(fault);
        Assert.Null(CostTableFile.Read(_folder, FastAttnInfo.Tier, out fault));
        Assert.NotEmpty(fault);
    }

    [Fact]
    public void EveryTierHasAShippedTableWithAllFigures()
    {
        foreach (InstructionTier tier in Enum.GetValues<InstructionTier>())
        {
            CostTable table = CostTable.Shipped(tier);
            Assert.Equal(CostTable.FftFigures, table.FftNanoseconds.Count);
            Assert.All(table.Figures, figure => Assert.True(figure.Value > 0 && figure.Name.Length > 0 && figure.Unit.Length > 0));
            Assert.Equal(table.Figures.Count(), table.Named.Sum(entry => entry.Figures.Count));
        }
    }

    [Fact]
    public void AMeasurementGivesEveryFigureAndSaysHowFarItIs()
    {
        var shares = new List<double>();
        using var cancellation = new CancellationTokenSource();
        MachineCosts? measured = null;
        try
        {
            // The longest transforms take seconds on the slower tiers; most of the table is enough to see it work.
            measured = MachineCosts.Measure((_, share) =>
            {
                shares.Add(share);
                if (shares.Count == 8) cancellation.Cancel();
            }, cancellation.Token);
        }
        catch (OperationCanceledException)
        {
        }

        Assert.Null(measured);
        Assert.Equal(8, shares.Count);
        Assert.Equal(0, shares[0]);
        Assert.Equal(shares.Order(), shares);
        Assert.All(shares, share => Assert.InRange(share, 0, 1));
    }

    [Fact]
    public void TheFileOfThisMachineIsNamedByTierAndProcessor()
    {
        string file = MachineCosts.DefaultFile;
        Assert.Contains(Words.Of(FastAttnInfo.Tier), file);
        Assert.EndsWith(".json", file);
        Assert.DoesNotContain(' ', Path.GetFileName(file));
    }
}
