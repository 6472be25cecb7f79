namespace FastAttn.Bench.Inputs;

/// <summary>Relative position biases that are hard on a Fourier transform, by name: b_t for the offset t = j − i.</summary>
internal static class AdversarialPositions
{
    public static IReadOnlyList<string> Names { get; } =
        ["ALiBi 1/2", "ALiBi 1/256", "b ~ N(0, 0.5)", "b ~ N(0, 3)", "spikes", "-inf bands", "causal", "T5 buckets"];

    /// <summary>Biases of offsets −(length − 1) … length − 1.</summary>
    public static float[] Make(string name, int length, Random random)
    {
        float[] bias = new float[(2 * length) - 1];
        double[] buckets = [.. Enumerable.Range(0, 64).Select(_ => Normal.Next(random))];
        for (int index = 0; index < bias.Length; index++)
        {
            int offset = index - (length - 1);
            bias[index] = (float)(name switch
            {
                "ALiBi 1/2" => -0.5 * Math.Abs(offset),
                "ALiBi 1/256" => -Math.Abs(offset) / 256.0,
                "b ~ N(0, 0.5)" => 0.5 * Normal.Next(random),
                "b ~ N(0, 3)" => 3 * Normal.Next(random),
                "spikes" => random.Next(64) == 0 ? 12 : 0,
                "-inf bands" => offset / 32 % 3 == 0 ? double.NegativeInfinity : Normal.Next(random),
                "causal" => offset > 0 ? double.NegativeInfinity : 0.5 * Normal.Next(random),
                "T5 buckets" => buckets[Bucket(offset)],
                _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such position"),
            });
        }

        return bias;
    }

    /// <summary>T5's: 16 near offsets on each side by themselves, then by the logarithm up to 128.</summary>
    private static int Bucket(int offset)
    {
        int distance = Math.Abs(offset);
        int bucket = distance < 16 ? distance : Math.Min(31, 16 + (int)(Math.Log(distance / 16.0) / Math.Log(8) * 16));
        return bucket + (offset > 0 ? 32 : 0);
    }
}
