namespace FastAttn.Positions;

/// <summary>The distances |t| of consecutive offsets t.</summary>
internal static class Distances
{
    public static void Fill(long first, Span<double> distances)
    {
        for (int index = 0; index < distances.Length; index++) distances[index] = Math.Abs((double)(first + index));
    }
}
