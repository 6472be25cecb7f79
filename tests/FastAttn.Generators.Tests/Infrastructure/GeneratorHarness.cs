using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace FastAttn.Generators.Tests.Infrastructure;

/// <summary>Runs an incremental generator over source text and shows everything it did.</summary>
internal static class GeneratorHarness
{
    private static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.Latest);

    private static readonly ImmutableArray<MetadataReference> References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) != "FastAttn.Generators.dll")
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    /// <summary>Generates from <paramref name="sources"/> and compiles the result with them.</summary>
    public static GeneratorOutput Run(IIncrementalGenerator generator, params string[] sources) =>
        Output(Driver(generator), Compile(sources));

    /// <summary>
    /// Generates twice, <paramref name="edit"/> in between, and returns why each tracked step ran the second time,
    /// by tracking name: <c>Cached</c> and <c>Unchanged</c> mean that nothing below it ran again.
    /// </summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<IncrementalStepRunReason>> RunReasons(
        IIncrementalGenerator generator, string source, Func<string, string> edit)
    {
        CSharpCompilation compilation = Compile(source);
        GeneratorDriver driver = Driver(generator).RunGenerators(compilation);
        SyntaxTree edited = Parse(edit(source), "Source0.cs");
        driver = driver.RunGenerators(compilation.ReplaceSyntaxTree(compilation.SyntaxTrees[0], edited));
        return driver.GetRunResult().Results.Single().TrackedSteps
            .ToDictionary(
                step => step.Key,
                step => (IReadOnlyList<IncrementalStepRunReason>)[.. step.Value.SelectMany(run => run.Outputs).Select(output => output.Reason)]);
    }

    /// <summary>Source text as one compilation, unsafe code allowed, with the library and all of .NET to refer to.</summary>
    public static CSharpCompilation Compile(params string[] sources) =>
        CSharpCompilation.Create(
            "Generated",
            sources.Select((source, index) => Parse(source, $"Source{index}.cs")),
            References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable));

    private static SyntaxTree Parse(string source, string path) =>
        CSharpSyntaxTree.ParseText(source, ParseOptions, path);

    private static GeneratorDriver Driver(IIncrementalGenerator generator) =>
        CSharpGeneratorDriver.Create(
            [generator.AsSourceGenerator()],
            parseOptions: ParseOptions,
            driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    private static GeneratorOutput Output(GeneratorDriver driver, CSharpCompilation compilation)
    {
        driver = driver.RunGeneratorsAndUpdateCompilation(compilation, out Compilation all, out _);
        GeneratorRunResult result = driver.GetRunResult().Results.Single();
        if (result.Exception is not null) throw new InvalidOperationException("the generator threw", result.Exception);
        return new GeneratorOutput(
            result.GeneratedSources.ToDictionary(source => source.HintName, source => source.SourceText.ToString()),
            result.Diagnostics,
            [.. all.GetDiagnostics().Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning)],
            (CSharpCompilation)all);
    }
}

/// <summary>What one run of a generator gave.</summary>
/// <param name="Sources">Emitted text by hint name.</param>
/// <param name="Diagnostics">What the generator reported.</param>
/// <param name="CompilerDiagnostics">Warnings and errors of the compiler over given and emitted source together.</param>
/// <param name="Compilation">Given and emitted source together.</param>
internal sealed record GeneratorOutput(
    IReadOnlyDictionary<string, string> Sources, IReadOnlyList<Diagnostic> Diagnostics, IReadOnlyList<Diagnostic> CompilerDiagnostics,
    CSharpCompilation Compilation)
{
    /// <summary>The operations in each emitted method, by method name; overloads are not expected.</summary>
    public IReadOnlyDictionary<string, OperationCount> CountOperations(string hintName) =>
        OperationCount.Of(Compilation, Compilation.SyntaxTrees.Single(tree => tree.FilePath.EndsWith(hintName, StringComparison.Ordinal)));
}
