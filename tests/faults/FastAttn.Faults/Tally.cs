namespace FastAttn.Faults;

/// <summary>Prints verdicts and counts them.</summary>
internal sealed class Tally
{
    private readonly Lock _lock = new();
    private int _passed, _failed;

    public void Add(bool isGood, string name, string verdict)
    {
        lock (_lock)
        {
            Console.WriteLine($"{name,-66} {(isGood ? "" : "FAILED: ")}{verdict}");
            if (isGood) _passed++;
            else _failed++;
        }
    }

    /// <summary>Prints the last line; the exit code.</summary>
    public int End()
    {
        Console.WriteLine($"faults: {_passed} passed, {_failed} failed");
        return _failed == 0 ? 0 : 1;
    }
}
