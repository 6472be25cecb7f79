using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace FastAttn.Faults;

/// <summary>The library as one compilation out of its sources and what the generators emitted; parsed once for all faults.</summary>
internal sealed class Library(string sources, CSharpCompilation compilation)
{
    private static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.Latest, preprocessorSymbols: ["NET", "NET10_0", "NET10_0_OR_GREATER"]);

    /// <summary>The text of a file under the library's folder.</summary>
    public string Text(string file) => Tree(file).ToString();

    /// <summary>The library with another text in one of its files.</summary>
    public Library With(string file, string text) => new(sources, compilation.ReplaceSyntaxTree(Tree(file), Parse(PathOf(file), text)));

    /// <summary>The library with one more file.</summary>
    public Library And(string file, string text) => new(sources, compilation.AddSyntaxTrees(Parse(PathOf(file), text)));

    /// <summary>Writes FastAttn.dll into <paramref name="folder"/>; the errors of the compiler, none when it is written.</summary>
    public IReadOnlyList<Diagnostic> Emit(string folder)
    {
        using var assembly = new MemoryStream();
        var result = compilation.Emit(assembly);
        if (result.Success) File.WriteAllBytes(Path.Combine(folder, "FastAttn.dll"), assembly.ToArray());
        return [.. result.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)];
    }

    /// <summary>Whether the compiler's message is about a file.</summary>
    public bool IsIn(Diagnostic diagnostic, string file) => diagnostic.Location.SourceTree?.FilePath == PathOf(file);

    /// <summary>The library in <paramref name="sources"/> as its last build, with its intermediate files in <paramref name="obj"/>, had it.</summary>
    public static Library Read(string sources, string obj)
    {
        string[] own = [.. Files(sources).Where(path => Path.GetRelativePath(sources, path).Split('/')[0] is not ("obj" or "bin"))];
        string[] emitted = Files(Path.Combine(obj, "generated", "net10.0"));

        // The last compilation wrote its files within moments; older ones are of generators before it.
        DateTime last = emitted.Max(File.GetLastWriteTimeUtc);
        string[] written =
        [
            .. emitted.Where(path => last - File.GetLastWriteTimeUtc(path) < TimeSpan.FromSeconds(30)),
            .. Directory.GetFiles(Path.Combine(obj, "Release", "net10.0"), "*.cs"),
        ];
        IEnumerable<PortableExecutableReference> references =
            from path in ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            let name = Path.GetFileName(path)
            where name is not ("FastAttn.dll" or "FastAttn.Faults.dll") && !name.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal)
            select MetadataReference.CreateFromFile(path);
        return new Library(sources, CSharpCompilation.Create(
            "FastAttn",
            own.Concat(written).AsParallel().AsOrdered().Select(path => Parse(path, File.ReadAllText(path))),
            references,
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, allowUnsafe: true,
                nullableContextOptions: NullableContextOptions.Enable)));
    }

    private SyntaxTree Tree(string file) => compilation.SyntaxTrees.SingleOrDefault(tree => tree.FilePath == PathOf(file))
        ?? throw new InvalidOperationException($"there is no {file}");

    private string PathOf(string file) => Path.Combine(sources, file);

    private static string[] Files(string folder) => Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories);

    private static SyntaxTree Parse(string path, string text) => CSharpSyntaxTree.ParseText(text, ParseOptions, path);
}
