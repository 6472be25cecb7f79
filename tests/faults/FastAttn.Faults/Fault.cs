namespace FastAttn.Faults;

/// <summary>One line of faults.txt: text of a file, what stands in its place when the fault is planted, and the test that finds it.</summary>
internal sealed record Fault(int Number, string Name, string File, string Right, string Wrong, string Test)
{
    private const string Separator = " ~ ";

    public static IEnumerable<Fault> Read(string path) => System.IO.File.ReadLines(path)
        .Where(line => line.Length > 0 && !line.StartsWith('#'))
        .Select((line, index) => line.Split(Separator) is [var name, var file, var right, var wrong, var test]
            ? new Fault(index + 1, name, file, right, wrong, test)
            : throw new InvalidOperationException($"'{line}' is not name{Separator}file{Separator}right{Separator}wrong{Separator}test"));

    /// <summary>Where the right text starts; it must stand there exactly once.</summary>
    public int Place(string text)
    {
        int place = text.IndexOf(Right, StringComparison.Ordinal);
        if (place < 0 || text.IndexOf(Right, place + 1, StringComparison.Ordinal) >= 0)
            throw new InvalidOperationException($"the fault no longer fits {File}: '{Right}' must stand there once");
        return place;
    }

    /// <summary>The text with the fault in it.</summary>
    public string Plant(string text)
    {
        int place = Place(text);
        return text[..place] + Wrong + text[(place + Right.Length)..];
    }
}
