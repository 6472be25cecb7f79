namespace FastAttn.Tests.Infrastructure;

/// <summary>Seeded test data.</summary>
internal sealed class Numbers(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>An integer in [low, high].</summary>
    public int Between(int low, int high) => _random.Next(low, high + 1);

    /// <summary>True with the given probability.</summary>
    public bool Chance(double probability) => _random.NextDouble() < probability;

    /// <summary>One of the given things.</summary>
    public T Pick<T>(params T[] things) => things[_random.Next(things.Length)];

    /// <summary>A number uniform in [0, 1).</summary>
    public double Uniform() => _random.NextDouble();

    /// <summary>A standard normal number, by Box and Muller.</summary>
    public double Normal() =>
        Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    /// <summary>Normal numbers of standard deviation <paramref name="deviation"/>.</summary>
    public float[] Normals(long count, double deviation = 1)
    {
        var values = new float[count];
        for (int i = 0; i < values.Length; i++) values[i] = (float)(deviation * Normal());
        return values;
    }
}
