namespace FastAttn.Tests.Layers;

/// <summary>
/// A folder is a layer. Each line of a table names a folder and the folders that its types may use; these stand on lines above, so there are
/// no circles. A use that is not written fails, and so does a line that is no longer true.
/// </summary>
public sealed class LayersTests
{
    private const string Library = """
        Vocabulary:
        Threading: Vocabulary
        Memory: Threading
        Kernels: Vocabulary
        Tensors: Kernels Vocabulary
        Fft: Kernels Memory Threading
        Costs: Kernels Threading Vocabulary
        Positions/Coefficients: Fft Memory Threading
        Positions: Positions/Coefficients Vocabulary
        Features: Kernels Memory Tensors Threading Vocabulary
        Toeplitz: Fft Kernels Memory Tensors Threading Vocabulary
        Heads: Memory Tensors Threading Vocabulary
        Sums: Kernels Positions/Coefficients
        Methods: Costs Features Kernels Memory Positions/Coefficients Tensors Threading Vocabulary
        Methods/Direct: Kernels Memory Methods Positions/Coefficients Sums Threading Vocabulary
        Methods/Linear: Costs Kernels Memory Methods Methods/Direct Positions/Coefficients Sums Threading Vocabulary
        Methods/Fourier: Costs Fft Kernels Memory Methods Methods/Direct Positions/Coefficients Sums Threading Vocabulary
        Methods/Tails: Costs Kernels Memory Methods Methods/Direct Positions/Coefficients Sums Threading Vocabulary
        Methods/Multipole: Costs Kernels Memory Methods Methods/Direct Positions/Coefficients Sums Threading Vocabulary
        Methods/Certificate: Features Heads Kernels Memory Methods Methods/Direct Positions/Coefficients Tensors Threading
        Methods/Pipeline: Features Heads Kernels Memory Methods Methods/Certificate Methods/Direct Positions/Coefficients Tensors Threading Vocabulary
        Methods/Kept: Features Kernels Memory Methods Methods/Direct Positions/Coefficients Sums Tensors Threading
        Scores: Features Heads Kernels Memory Positions Positions/Coefficients Sums Tensors Threading Vocabulary
        Nystrom: Features Heads Kernels Memory Scores Tensors Threading Vocabulary
        Planning: Methods Methods/Direct Methods/Fourier Methods/Linear Methods/Multipole Methods/Tails Positions/Coefficients Vocabulary
        Attention: Features Heads Kernels Memory Methods Methods/Pipeline Nystrom Planning Positions Positions/Coefficients Scores Tensors Threading Toeplitz Vocabulary
        Tuning: Attention Costs Kernels Methods/Fourier Methods/Multipole Methods/Tails Positions Vocabulary
        .: Kernels Threading Vocabulary
        """;

    private const string CommandLine = """
        Shell:
        Npy: Shell
        Demo: Shell
        Compare: Demo
        Commands: Compare Demo Npy Shell
        .: Commands Shell
        """;

    private const string Exports = """
        .:
        """;

    private const string Generators = """
        .:
        Diagnostics:
        Isa:
        Models: Diagnostics Isa
        Statements: . Isa Models
        Exponentials: Statements
        Trigonometry: Statements
        Codelets: . Diagnostics Isa Models
        Rows: . Exponentials Isa Models Statements Trigonometry
        Tiles: . Diagnostics Exponentials Isa Models Statements
        """;

    private static readonly Dictionary<string, (string File, string Table)> s_projects = new()
    {
        ["src/FastAttn"] = ("FastAttn.dll", Library),
        ["src/FastAttn.Cli"] = ("assemblies/FastAttn.Cli.dll", CommandLine),
        ["nativelib/FastAttn.Native"] = ("assemblies/libfastattn.dll", Exports),
        ["generators/FastAttn.Generators"] = ("assemblies/FastAttn.Generators.dll", Generators),
    };

    public static TheoryData<string> Projects => [.. s_projects.Keys];

    [Theory]
    [MemberData(nameof(Projects))]
    public void TypesUseWhatTheTableAllows(string project)
    {
        Dictionary<string, string[]> layers = Parse(s_projects[project].Table);
        using AssemblyUses uses = Open(project);
        var found = uses.BetweenFolders().Select(use => use with { FromFolder = NameOf(use.FromFolder), ToFolder = NameOf(use.ToFolder) }).ToList();
        string[] forbidden =
        [
            .. found.Where(use => !layers.TryGetValue(use.FromFolder, out string[]? allowed) || !allowed.Contains(use.ToFolder))
                .Select(use => $"{use.FromFolder}/{use.From} uses {use.ToFolder}/{use.To}"),
        ];
        Assert.True(forbidden.Length == 0, $"the table of {project} does not allow:\n{string.Join('\n', forbidden)}");
        var edges = found.Select(use => (use.FromFolder, use.ToFolder)).ToHashSet();
        string[] unused = [.. layers.SelectMany(layer => layer.Value.Where(use => !edges.Contains((layer.Key, use))).Select(use => $"{layer.Key}: {use}"))];
        Assert.True(unused.Length == 0, $"the table of {project} has uses that there are no more:\n{string.Join('\n', unused)}");
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void TablesHaveNoCircles(string project)
    {
        HashSet<string> above = [];
        foreach ((string folder, string[] uses) in Parse(s_projects[project].Table))
        {
            foreach (string used in uses) Assert.True(above.Contains(used), $"{project}: {folder} uses {used}, which stands on no line above");
            Assert.True(above.Add(folder), $"{project}: {folder} has two lines");
        }
    }

    [Fact]
    public void UsesAreSeen()
    {
        using AssemblyUses uses = Open("src/FastAttn");
        var found = uses.BetweenFolders().ToList();

        // By an interface, by an exception that is thrown, by a call, by a field of a generic type.
        Assert.Contains(("RelativePosition", "Positions", "IBiases", "Positions/Coefficients"), found);
        Assert.Contains(("ToeplitzPlan", "Toeplitz", "ShapeException", "Vocabulary"), found);
        Assert.Contains(("FastAttnInfo", "", "Tiers", "Kernels"), found);
        Assert.Contains(("HeadRunner`1", "Methods/Pipeline", "RowCertificate", "Methods/Certificate"), found);
    }

    private static AssemblyUses Open(string project) => new(Path.Combine(AppContext.BaseDirectory, s_projects[project].File), project);

    private static string NameOf(string folder) => folder.Length == 0 ? "." : folder;

    private static Dictionary<string, string[]> Parse(string table) => table.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(':')).ToDictionary(parts => parts[0].Trim(), parts => parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
