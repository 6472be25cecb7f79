namespace FastAttn.Cli.Npy;

/// <summary>An array in C order: the last axis varies fastest.</summary>
/// <typeparam name="T">float or bool.</typeparam>
/// <param name="Shape">Extents, outermost first.</param>
/// <param name="Values">As many entries as the extents multiply to.</param>
internal sealed record NpyArray<T>(int[] Shape, T[] Values)
    where T : unmanaged
{
    /// <summary>The shape in brackets, e.g. <c>[8,1024,64]</c>.</summary>
    public string ShapeText => $"[{string.Join(',', Shape)}]";
}
