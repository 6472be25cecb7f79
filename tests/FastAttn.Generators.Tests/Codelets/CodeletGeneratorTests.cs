using FastAttn.Generators.Codelets;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Tests.Infrastructure;
using Microsoft.CodeAnalysis;

namespace FastAttn.Generators.Tests.Codelets;

/// <summary>What the codelet generator emits, when, and what it refuses.</summary>
public class CodeletGeneratorTests
{
    public static TheoryData<string> InstructionSets => [.. InstructionSet.All.Keys];

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Emitted_text_is_as_reviewed(string instructionSet)
    {
        GeneratorOutput output = CodeletGenerator.Run(instructionSet, "4, 20, ColumnRadices = new[] { 4 }");
        foreach (string file in (string[])["Convolve4", "Split20", "SplitLoop", "Columns4", "FftCodelets"])
            Snapshot.Verify($"Codelets/{instructionSet}.{file}", output.Sources[CodeletGenerator.HintName(file)]);
    }

    [Fact]
    public void The_same_request_gives_the_same_text()
    {
        const string Lengths = "2, 3, 5, 8, 12, 16, 24, 64, ColumnRadices = new[] { 8, 16 }";
        IReadOnlyDictionary<string, string> first = CodeletGenerator.RunAgain("avx2", Lengths).Sources;
        Assert.Equal(first, CodeletGenerator.RunAgain("avx2", Lengths).Sources);
        Assert.Equal(first, CodeletGenerator.Run("avx2", "64, 24, 16, 12, 8, 5, 5, 3, 2, ColumnRadices = new[] { 16, 8 }").Sources);
    }

    [Fact]
    public void An_edit_elsewhere_emits_nothing_again()
    {
        string source = CodeletGenerator.Source("portable", "4, 8");
        IReadOnlyDictionary<string, IReadOnlyList<IncrementalStepRunReason>> reasons =
            GeneratorHarness.RunReasons(new FftCodeletGenerator(), source, text => text + "\n// a comment\nclass Other;\n");
        Assert.All(reasons[FftCodeletGenerator.ReadStep], reason => Assert.Equal(IncrementalStepRunReason.Unchanged, reason));
        Assert.All(reasons[FftCodeletGenerator.PrintStep], reason => Assert.Equal(IncrementalStepRunReason.Cached, reason));
    }

    [Fact]
    public void Another_length_emits_again()
    {
        string source = CodeletGenerator.Source("portable", "4, 8");
        IReadOnlyDictionary<string, IReadOnlyList<IncrementalStepRunReason>> reasons =
            GeneratorHarness.RunReasons(new FftCodeletGenerator(), source, text => text.Replace("4, 8", "4, 16"));
        Assert.Contains(IncrementalStepRunReason.Modified, reasons[FftCodeletGenerator.ReadStep]);
        Assert.Contains(IncrementalStepRunReason.Modified, reasons[FftCodeletGenerator.PrintStep]);
    }

    [Theory]
    [InlineData("avx1024", "8", "FASTATTN101", "avx1024")]
    [InlineData("avx2", "1", "FASTATTN104", "1")]
    [InlineData("avx2", "7", "FASTATTN104", "7")]
    [InlineData("avx2", "8, 9", "FASTATTN104", "9")]
    [InlineData("avx2", "-8", "FASTATTN104", "-8")]
    [InlineData("avx2", "512", "FASTATTN104", "512")]
    [InlineData("avx2", "8, ColumnRadices = new[] { 32 }", "FASTATTN104", "32")]
    [InlineData("avx2", "new int[0]", "FASTATTN105", "Kernels")]
    public void A_bad_request_is_an_error_that_names_what_came(string instructionSet, string arguments, string id, string named)
    {
        GeneratorOutput output = GeneratorHarness.Run(new FftCodeletGenerator(), CodeletGenerator.Source(instructionSet, arguments));
        Diagnostic diagnostic = Assert.Single(output.Diagnostics);
        Assert.Equal(id, diagnostic.Id);
        Assert.Contains(named, diagnostic.GetMessage(), StringComparison.Ordinal);
        Assert.Equal("Source0.cs", diagnostic.Location.GetLineSpan().Path);
        Assert.DoesNotContain(output.Sources.Keys, name => name.StartsWith("Sample.", StringComparison.Ordinal));
    }

    [Fact]
    public void A_type_that_is_not_partial_is_an_error()
    {
        string source = CodeletGenerator.Source("avx2", "8").Replace("partial ", "");
        Assert.Equal("FASTATTN103", Assert.Single(GeneratorHarness.Run(new FftCodeletGenerator(), source).Diagnostics).Id);
    }

    /// <summary>Lengths that the library does not ask for: they compile everywhere and split a transform correctly.</summary>
    [Theory]
    [InlineData(80)]
    [InlineData(96)]
    [InlineData(128)]
    [InlineData(160)]
    [InlineData(256)]
    public void A_length_never_used_before_works(int length)
    {
        foreach (string instructionSet in InstructionSet.All.Keys) CodeletGenerator.Run(instructionSet, $"{length}");
        Type kernels = CodeletGenerator.Load(CodeletGenerator.Run("portable", $"{length}"));
        SplitTransform.Check(kernels.GetMethod($"Split{length}")!, length, lanes: 4);
    }
}
