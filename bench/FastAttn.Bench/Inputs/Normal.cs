namespace FastAttn.Bench.Inputs;

/// <summary>Seeded normal numbers.</summary>
internal static class Normal
{
    public static float[] Array(Random random, long count, double deviation = 1)
    {
        float[] values = new float[count];
        for (long i = 0; i < count; i++) values[i] = (float)(deviation * Next(random));
        return values;
    }

    /// <summary>Box–Muller.</summary>
    public static double Next(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
