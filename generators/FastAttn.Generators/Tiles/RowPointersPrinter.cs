namespace FastAttn.Generators.Tiles;

/// <summary>One pointer for each row of a tile: the JIT keeps them in registers, which it does not do for products of strides.</summary>
internal static class RowPointersPrinter
{
    public static void RowPointers(this SourceWriter writer, string name, string start, string stride, int rows)
    {
        for (int i = 0; i < rows; i++) writer.Line($"float* {name}{i} = " + (i == 0 ? $"{start};" : $"{name}{i - 1} + {stride};"));
    }
}
