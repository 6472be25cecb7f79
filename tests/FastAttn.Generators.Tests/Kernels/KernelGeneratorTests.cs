using FastAttn.Generators.Isa;
using FastAttn.Generators.Rows;
using FastAttn.Generators.Tests.Infrastructure;
using FastAttn.Generators.Tiles;
using Microsoft.CodeAnalysis;

namespace FastAttn.Generators.Tests.Kernels;

/// <summary>The tile and row generators from the outside: what they emit, when they run again, and what they refuse.</summary>
public sealed class KernelGeneratorTests
{
    private const string Tiles = "Sample.K.Tiles.g.cs", Rows = "Sample.K.Rows.g.cs";

    public static TheoryData<string> InstructionSets => [.. InstructionSet.All.Keys];

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Emitted_kernels_compile_without_a_warning(string isa)
    {
        Assert.Empty(RunTiles(TileSource(isa)).CompilerDiagnostics);
        Assert.Empty(RunRows(RowSource(isa)).CompilerDiagnostics);
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void The_same_request_gives_the_same_text(string isa)
    {
        Assert.Equal(RunTiles(TileSource(isa)).Sources[Tiles], RunTiles(TileSource(isa)).Sources[Tiles]);
        Assert.Equal(RunRows(RowSource(isa)).Sources[Rows], RunRows(RowSource(isa)).Sources[Rows]);
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Text_is_what_was_reviewed(string isa)
    {
        Snapshot.Verify($"Tiles.{isa}", RunTiles(TileSource(isa, "32", "24")).Sources[Tiles]);
        Snapshot.Verify($"Rows.{isa}", RunRows(RowSource(isa)).Sources[Rows]);
    }

    [Theory]
    [InlineData("avx512", 40, "case 48:")]
    [InlineData("avx512", 112, "case 112:")]
    [InlineData("avx2", 40, "case 40:")]
    [InlineData("neon", 1, "case 4:")]
    [InlineData("portable", 511, "case 512:")]
    public void A_dimension_never_used_before_gets_code_padded_to_lanes(string isa, int dimension, string expected)
    {
        GeneratorOutput output = RunTiles(TileSource(isa, dimension.ToString(), dimension.ToString()));
        Assert.Empty(output.Diagnostics);
        Assert.Empty(output.CompilerDiagnostics);
        Assert.Contains(expected, output.Sources[Tiles]);
        Assert.Contains($"case {dimension}: MultiplyColumnsDepth{dimension}(", output.Sources[Tiles]);
    }

    [Theory]
    [InlineData("avx512", 24, 4, 6)]
    [InlineData("avx2", 12, 2, 6)]
    [InlineData("neon", 24, 4, 6)]
    public void One_step_of_depth_is_as_many_multiply_adds_as_the_tile_has_sums(string isa, int multiplyAdds, int loads, int broadcasts) =>
        Assert.Contains(
            $"// One step of depth of a full tile: {multiplyAdds} multiply-add, {broadcasts} broadcast, {loads} load.",
            RunTiles(TileSource(isa)).Sources[Tiles]);

    [Fact]
    public void An_edit_elsewhere_runs_nothing_again_and_another_dimension_does()
    {
        string source = TileSource("avx2");
        IReadOnlyDictionary<string, IReadOnlyList<IncrementalStepRunReason>> elsewhere =
            GeneratorHarness.RunReasons(new TileKernelGenerator(), source, text => text + "// a remark\n");
        Assert.All(elsewhere[TileKernelGenerator.ReadStep], reason => Assert.Equal(IncrementalStepRunReason.Unchanged, reason));
        Assert.All(elsewhere[TileKernelGenerator.PrintStep], reason => Assert.Equal(IncrementalStepRunReason.Cached, reason));
        Assert.Contains(
            IncrementalStepRunReason.Modified,
            GeneratorHarness.RunReasons(new TileKernelGenerator(), source, text => text.Replace("64", "72"))[TileKernelGenerator.PrintStep]);

        IReadOnlyDictionary<string, IReadOnlyList<IncrementalStepRunReason>> rows =
            GeneratorHarness.RunReasons(new RowKernelGenerator(), RowSource("avx2"), text => text + "// a remark\n");
        Assert.All(rows[RowKernelGenerator.ReadStep], reason => Assert.Equal(IncrementalStepRunReason.Unchanged, reason));
        Assert.All(rows[RowKernelGenerator.PrintStep], reason => Assert.Equal(IncrementalStepRunReason.Cached, reason));
    }

    [Theory]
    [InlineData("sve", "partial struct K;", "64", "FASTATTN101", "Unknown instruction set 'sve'; expected one of avx2, avx512, neon, portable")]
    [InlineData("avx2", "partial struct K;", "0", "FASTATTN102", "Dimension 0 in ValueDimensions is outside 1…512")]
    [InlineData("avx2", "partial struct K;", "513", "FASTATTN102", "Dimension 513 in ValueDimensions is outside 1…512")]
    [InlineData("avx2", "struct K;", "64", "FASTATTN103", "Type 'K' must be partial, not generic and not nested to receive kernels")]
    [InlineData("avx2", "partial struct K<T>;", "64", "FASTATTN103", "Type 'K' must be partial")]
    public void A_bad_request_is_refused_with_a_reason(string isa, string declaration, string dimension, string id, string message)
    {
        GeneratorOutput output = RunTiles(TileSource(isa, dimension, "64", declaration));
        Diagnostic diagnostic = Assert.Single(output.Diagnostics);
        Assert.Equal((id, DiagnosticSeverity.Error), (diagnostic.Id, diagnostic.Severity));
        Assert.StartsWith(message, diagnostic.GetMessage());
        Assert.Equal("Source0.cs", diagnostic.Location.GetLineSpan().Path);
        Assert.DoesNotContain(Tiles, output.Sources.Keys);
    }

    private static GeneratorOutput RunTiles(string source) => GeneratorHarness.Run(new TileKernelGenerator(), source);

    private static GeneratorOutput RunRows(string source) => GeneratorHarness.Run(new RowKernelGenerator(), source);

    private static string TileSource(string isa, string values = "16, 64", string heads = "64", string declaration = "partial struct K;") =>
        $$"""
        using FastAttn.Generators;
        namespace Sample;
        [TileKernels("{{isa}}", ValueDimensions = new[] { {{values}} }, HeadDimensions = new[] { {{heads}} })]
        {{declaration}}

        """;

    private static string RowSource(string isa) =>
        $$"""
        using FastAttn.Generators;
        namespace Sample;
        [RowKernels("{{isa}}")]
        partial struct K;

        """;
}
