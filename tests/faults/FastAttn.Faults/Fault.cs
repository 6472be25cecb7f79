namespace FastAttn.Faults;

/// <summary>One line of faults.txt: text of a file, what stands in its place when the fault is planted, and the test that finds it.</summary>
internal sealed record Fault(string Name, string File, string Right, string Wrong, string Test)
{
    private const string Separator = " ~ ";

    public static IEnumerable<Fault> Read(string path) =>
        from line in System.IO.File.ReadLines(path)
        where line.Length > 0 && !line.StartsWith('#')
        let cells = line.Split(Separator)
        select cells.Length is 4 or 5
            ? new Fault(cells[0], cells[1], cells[2], cells[3], cells.ElementAtOrDefault(4) ?? "")
            : throw new InvalidOperationException($"'{line}' is not name{Separator}file{Separator}right{Separator}wrong{Separator}test");

    /// <summary>The text with the fault in it; the right text must stand there exactly once.</summary>
    public string Plant(string text)
    {
        int place = text.IndexOf(Right, StringComparison.Ordinal);
        if (place < 0 || text.IndexOf(Right, place + 1, StringComparison.Ordinal) >= 0)
            throw new InvalidOperationException($"the fault no longer fits {File}: '{Right}' must stand there once");
        return text[..place] + Wrong + text[(place + Right.Length)..];
    }
}
