using System.Text;
using System.Text.Json;
using FastAttn.Kernels;

namespace FastAttn.Costs;

/// <summary>
/// A measured cost table as a JSON file. It is read only on the processor, tier and library version that it was measured on; whatever
/// is wrong with it makes it unusable, never an error.
/// </summary>
internal static class CostTableFile
{
    private const string NotComplete = "it is not a complete cost table";

    /// <summary>The fastest and slowest that any figure can be: what lies beyond is a damaged file.</summary>
    private const double Least = 1e-3, Most = 1e6;

    /// <summary>A table takes about 500 bytes. What is longer is something else, and so is what has no length, such as a pipe or a device.</summary>
    private const long LongestFile = 1 << 16;

    public static void Write(string path, CostTable costs, InstructionTier tier)
    {
        // Whole or not at all: a plan may be made while this is written.
        string temporary = Invariant($"{path}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write))
            using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
            {
                json.WriteStartObject();
                json.WriteString("processor", ProcessorIdentity.Current);
                json.WriteString("tier", Words.Of(tier));
                json.WriteString("version", LibraryVersion.Text);
                foreach ((string name, IReadOnlyList<double> figures) in costs.Named)
                {
                    json.WriteStartArray(name);
                    foreach (double figure in figures) json.WriteNumberValue(Math.Round(figure, 3));
                    json.WriteEndArray();
                }

                json.WriteEndObject();
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>The table of a file, or null and what is wrong with it.</summary>
    public static CostTable? Read(string path, InstructionTier tier, out string fault)
    {
        try
        {
            if (File.Exists(path) && new FileInfo(path).Length is 0 or > LongestFile)
            {
                fault = NotComplete;
                return null;
            }

            // Some editors put a mark before the text.
            ReadOnlyMemory<byte> text = File.ReadAllBytes(path);
            if (text.Span.StartsWith(Encoding.UTF8.Preamble)) text = text[Encoding.UTF8.Preamble.Length..];
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            fault = Mismatch(root, "processor", ProcessorIdentity.Current)
                ?? Mismatch(root, "tier", Words.Of(tier)) ?? Mismatch(root, "version", LibraryVersion.Text) ?? "";
            if (fault.Length > 0) return null;

            CostTable table = CostTable.FromNamed(name => [.. root.GetProperty(name).EnumerateArray().Select(figure => figure.GetDouble())]);
            if (table.Named.All(entry => entry.Figures.All(figure => figure is >= Least and <= Most))) return table;
            fault = "a figure in it is out of range";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            fault = exception.Message.TrimEnd('.');
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            fault = NotComplete;
        }

        return null;
    }

    private static string? Mismatch(JsonElement root, string name, string expected)
    {
        string? found = root.GetProperty(name).GetString();
        return found == expected ? null : Invariant($"it was measured with {name} '{found}', here it is '{expected}'");
    }
}
