using System.Globalization;
using System.Text;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Reporting;

/// <summary>Rows of figures under column heads, with notes: what a measurement hands over.</summary>
internal sealed class Table(string title, params IReadOnlyList<string> columns)
{
    private readonly List<string[]> _rows = [];
    private readonly List<string> _notes = [];

    /// <summary>Numbers are written with three digits that count.</summary>
    public void Add(params IReadOnlyList<object> cells)
    {
        if (cells.Count != columns.Count) throw new ArgumentException($"{cells.Count} cells; expected {columns.Count}", nameof(cells));
        _rows.Add([.. cells.Select(Write)]);
    }

    /// <summary>A line under the table.</summary>
    public void Note(FormattableString note) => _notes.Add(FormattableString.Invariant(note));

    public string ToMarkdown(string command)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## {title}\n\n{Machine.Description}.\nCommand: `dotnet run -c Release --project bench/FastAttn.Bench -- {command}`.\n\n");
        text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", columns)} |\n|{string.Concat(columns.Select(_ => "---:|"))}\n");
        foreach (string[] row in _rows) text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row)} |\n");
        text.Append('\n');
        foreach (string note in _notes) text.Append(note).Append('\n');
        return text.ToString();
    }

    /// <summary>Writes <c>name.md</c> and <c>name.csv</c>.</summary>
    public void Save(string folder, string name, string markdown)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, $"{name}.md"), markdown);
        IEnumerable<string[]> lines = _rows.Prepend([.. columns]);
        File.WriteAllText(Path.Combine(folder, $"{name}.csv"), string.Concat(lines.Select(line => string.Join(',', line.Select(Quote)) + "\n")));
    }

    private static string Write(object cell) => cell switch
    {
        double number when double.IsNaN(number) => "",
        double number when Math.Abs(number) is < 1e-3 and not 0 => number.ToString("0.0e0", CultureInfo.InvariantCulture),
        double number => number.ToString(Math.Abs(number) switch { >= 100 => "0", >= 10 => "0.0", >= 1 or 0 => "0.00", >= 0.1 => "0.000", >= 0.01 => "0.0000", _ => "0.00000" }, CultureInfo.InvariantCulture),
        IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
        _ => cell.ToString()!,
    };

    private static string Quote(string cell) => cell.Contains(',') || cell.Contains('"') ? $"\"{cell.Replace("\"", "\"\"")}\"" : cell;
}
