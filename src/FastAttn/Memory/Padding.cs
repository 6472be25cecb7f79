namespace FastAttn.Memory;

/// <summary>Sizes rounded up to whole vectors, tiles and blocks.</summary>
internal static class Padding
{
    public static int RoundUp(int count, int multiple) => checked((count + multiple - 1) / multiple * multiple);
}
