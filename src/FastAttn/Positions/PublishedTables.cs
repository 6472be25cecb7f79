using System.Runtime.CompilerServices;

namespace FastAttn.Positions;

/// <summary>Tables as published models store them, one column a head, turned into ours, one row a head.</summary>
internal static class PublishedTables
{
    /// <summary><c>[entries, heads]</c> as <c>[heads, entries]</c>, from the last entry to the first when <paramref name="reversed"/>.</summary>
    public static float[] OneRowPerHead(ReadOnlySpan<float> table, int heads, bool reversed, [CallerArgumentExpression(nameof(table))] string name = "")
    {
        ArgumentCheck.AtLeastOne(heads);
        if (table.Length == 0 || table.Length % heads != 0)
            throw new ShapeException(Invariant($"{name} has {table.Length} values; expected entries × heads = at least 1 × {heads}"), name);
        int entries = table.Length / heads;
        float[] rows = new float[table.Length];
        for (int entry = 0; entry < entries; entry++)
        {
            int place = reversed ? entries - 1 - entry : entry;
            for (int head = 0; head < heads; head++) rows[(head * entries) + place] = table[(entry * heads) + head];
        }

        return rows;
    }
}
