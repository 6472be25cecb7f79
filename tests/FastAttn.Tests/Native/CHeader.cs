using System.Text.RegularExpressions;

namespace FastAttn.Tests.Native;

/// <summary>The structures and functions that <c>fastattn.h</c> declares, read by patterns of this file's own: what the build reads of it is read otherwise.</summary>
internal sealed partial class CHeader
{
    private static readonly string[][] s_ofSize = [["int8_t", "uint8_t", "char"], ["int32_t", "uint32_t", "float", "fa_status"], ["int64_t", "uint64_t", "double"]];

    private static readonly int[] s_sizes = [1, 4, 8];

    private readonly Dictionary<string, int> _constants;

    private CHeader(string text)
    {
        text = Comment().Replace(text, " ");
        _constants = Constant().Matches(text).ToDictionary(match => match.Groups[1].Value, match => int.Parse(match.Groups[2].Value));
        Structures = Structure().Matches(text).ToDictionary(match => match.Groups[1].Value, match => Parts(match.Groups[2].Value, ';'));
        Functions = Function().Matches(text).ToDictionary(
            match => match.Groups[2].Value, match => (Bare(match.Groups[1].Value), match.Groups[3].Value == "void" ? [] : Parts(match.Groups[3].Value, ',')));
    }

    /// <summary>Fields in their order: type without const, name, and how many where it is an array, else 0.</summary>
    public Dictionary<string, (string Type, string Name, int Count)[]> Structures { get; }

    public Dictionary<string, (string Result, (string Type, string Name, int Count)[] Parameters)> Functions { get; }

    public static CHeader Read() => new(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "fastattn.h")));

    /// <summary>Handles are numbers in a structure, so that C keeps their kinds apart.</summary>
    public bool IsHandle(string type) => Structures.TryGetValue(type, out (string Type, string Name, int Count)[]? fields) && fields is [("uint64_t", "id", 0)];

    /// <summary>Size and alignment of a type.</summary>
    public (int Size, int Alignment) Measure(string type)
    {
        if (type.EndsWith('*')) return (8, 8);
        int row = Array.FindIndex(s_ofSize, types => types.Contains(type));
        if (row >= 0) return (s_sizes[row], s_sizes[row]);
        int alignment = Structures[type].Max(field => Measure(field.Type).Alignment);
        (_, int end) = Layout(type)[^1];
        return (RoundUp(end, alignment), alignment);
    }

    /// <summary>Where each field of a structure begins and ends.</summary>
    public (int Begin, int End)[] Layout(string structure)
    {
        int end = 0;
        return Array.ConvertAll(Structures[structure], field =>
        {
            (int size, int alignment) = Measure(field.Type);
            int begin = RoundUp(end, alignment);
            end = begin + (size * Math.Max(field.Count, 1));
            return (begin, end);
        });
    }

    private static int RoundUp(int value, int alignment) => (value + alignment - 1) / alignment * alignment;

    private static string Bare(string type) => Space().Replace(type.Replace("const ", "", StringComparison.Ordinal), "");

    private (string Type, string Name, int Count)[] Parts(string text, char separator) =>
    [
        .. text.Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(part =>
        {
            Match match = Declarator().Match(part);
            string extent = match.Groups[3].Value;
            int count = extent.Length == 0 ? 0 : _constants.TryGetValue(extent, out int constant) ? constant : int.Parse(extent);
            return (Bare(match.Groups[1].Value), match.Groups[2].Value, count);
        }),
    ];

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"#define (FA_\w+) (\d+)u?\s")]
    private static partial Regex Constant();

    [GeneratedRegex(@"typedef struct (fa_\w+) \{([^}]*)\}")]
    private static partial Regex Structure();

    [GeneratedRegex(@"^((?:const )?\w+ \*?)(fa_\w+)\(([^)]*)\);", RegexOptions.Multiline)]
    private static partial Regex Function();

    [GeneratedRegex(@"^(.*?[\s*])(\w+)(?:\[(\w+)\])?$", RegexOptions.Singleline)]
    private static partial Regex Declarator();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
