using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace FastAttn.Faults;

/// <summary>The library as one compilation out of its sources and what the generators emitted; parsed once for all faults.</summary>
internal sealed class LibraryCompilation
{
    private static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.Latest, preprocessorSymbols: ["NET", "NET10_0", "NET10_0_OR_GREATER"]);

    private readonly string _sources;
    private readonly CSharpCompilation _compilation;

    public LibraryCompilation(string sources, string obj)
        : this(sources, Compile(sources, obj))
    {
    }

    private LibraryCompilation(string sources, CSharpCompilation compilation)
    {
        _sources = sources;
        _compilation = compilation;
    }

    public LibraryCompilation With(Fault fault)
    {
        string path = Path.Combine(_sources, fault.File);
        SyntaxTree right = _compilation.SyntaxTrees.SingleOrDefault(tree => tree.FilePath == path)
            ?? throw new InvalidOperationException($"there is no {fault.File}");
        return new LibraryCompilation(_sources, _compilation.ReplaceSyntaxTree(right, Parse(path, fault.Plant(right.ToString()))));
    }

    /// <summary>Writes FastAttn.dll into <paramref name="folder"/>.</summary>
    public void Emit(string folder)
    {
        string assembly = Path.Combine(Directory.CreateDirectory(folder).FullName, "FastAttn.dll");
        var result = _compilation.Emit(assembly);
        if (result.Success) return;
        File.Delete(assembly);
        throw new InvalidOperationException(result.Diagnostics.First(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).ToString());
    }

    private static CSharpCompilation Compile(string sources, string obj)
    {
        string[] own = Files(sources).Where(path => !path.StartsWith(Path.Combine(sources, "obj")) && !path.StartsWith(Path.Combine(sources, "bin"))).ToArray();
        string[] emitted = Files(Path.Combine(obj, "generated", "net10.0"));

        // The last compilation wrote its files within moments; older ones are of generators before it.
        DateTime last = emitted.Max(File.GetLastWriteTimeUtc);
        string[] written = [.. emitted.Where(path => last - File.GetLastWriteTimeUtc(path) < TimeSpan.FromSeconds(30)), .. Directory.GetFiles(Path.Combine(obj, "Release", "net10.0"), "*.cs")];
        IEnumerable<PortableExecutableReference> references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) is not ("FastAttn.dll" or "FastAttn.Faults.dll") && !Path.GetFileName(path).StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path));
        return CSharpCompilation.Create(
            "FastAttn",
            [.. own.Concat(written).Select(path => Parse(path, File.ReadAllText(path)))],
            references,
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, allowUnsafe: true,
                nullableContextOptions: NullableContextOptions.Enable));
    }

    private static string[] Files(string folder) => Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories);

    private static SyntaxTree Parse(string path, string text) => CSharpSyntaxTree.ParseText(text, ParseOptions, path);
}
