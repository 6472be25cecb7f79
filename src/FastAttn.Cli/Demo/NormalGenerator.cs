namespace FastAttn.Cli.Demo;

/// <summary>Standard normal numbers from a seed: SplitMix64 (Steele, Lea, Flood 2014) and Box–Muller.</summary>
internal struct NormalGenerator(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next number.</summary>
    public double Next()
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextUniform()));
        return radius * Math.Cos(2 * Math.PI * NextUniform());
    }

    // Uniform in [0, 1).
    private double NextUniform()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong bits = _state;
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        bits ^= bits >> 31;
        return (bits >> 11) * (1.0 / (1UL << 53));
    }
}
