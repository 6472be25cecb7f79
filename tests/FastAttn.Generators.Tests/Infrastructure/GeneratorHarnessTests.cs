using Microsoft.CodeAnalysis;

namespace FastAttn.Generators.Tests.Infrastructure;

/// <summary>The harness that other tests rely on, against a generator of three lines.</summary>
public sealed class GeneratorHarnessTests
{
    [Fact]
    public void SourcesAndDiagnosticsAreShown()
    {
        GeneratorOutput output = GeneratorHarness.Run(new ClassNames(), "class Given;");
        Assert.Contains("// Given", output.Sources["Names.g.cs"]);
        Assert.Empty(output.Diagnostics);
        Assert.Empty(output.CompilerDiagnostics);
    }

    [Theory]
    [InlineData("class Given ;", IncrementalStepRunReason.Unchanged)]
    [InlineData("class Other;", IncrementalStepRunReason.Modified)]
    public void RunReasonsTellWhetherAStepRanAgain(string edited, IncrementalStepRunReason expected) =>
        Assert.Equal([expected], GeneratorHarness.RunReasons(new ClassNames(), "class Given;", _ => edited)["Names"]);

    [Fact]
    public void EmittedCodeThatDoesNotCompileShows() =>
        Assert.Contains(GeneratorHarness.Run(new ClassNames(), "class Given : Missing;").CompilerDiagnostics, d => d.Id == "CS0246");

    private sealed class ClassNames : IIncrementalGenerator
    {
        public void Initialize(IncrementalGeneratorInitializationContext context)
        {
            IncrementalValuesProvider<string> names = context.SyntaxProvider
                .CreateSyntaxProvider(
                    (node, _) => node is Microsoft.CodeAnalysis.CSharp.Syntax.ClassDeclarationSyntax,
                    (node, _) => ((Microsoft.CodeAnalysis.CSharp.Syntax.ClassDeclarationSyntax)node.Node).Identifier.Text)
                .WithTrackingName("Names");
            context.RegisterSourceOutput(names, (output, name) => output.AddSource("Names.g.cs", $"// {name}\n"));
        }
    }
}
