namespace FastAttn.Cli.Npy;

/// <summary>An array and where it came from.</summary>
/// <typeparam name="T">float or bool.</typeparam>
/// <param name="Name">Option and file, as errors call it: <c>--q q.npy</c>.</param>
/// <param name="Array">What the file holds.</param>
internal sealed record NpyInput<T>(string Name, NpyArray<T> Array)
    where T : unmanaged
{
    /// <summary>The error for a shape that does not fit.</summary>
    public InputException WrongShape(string expected) => new($"{Name}: has shape {Array.ShapeText}, expected {expected}");
}
