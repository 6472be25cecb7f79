namespace FastAttn.Bench.Inputs;

/// <summary>Feature matrices from flat to heavy-tailed, by name.</summary>
internal static class AdversarialFeatures
{
    private const int Dimension = 16;

    public static IReadOnlyList<string> Names { get; } = ["flat", "heavy-tailed", "un-normalised x = 0.3", "un-normalised x = 1", "un-normalised x = 2"];

    /// <summary><c>[length, features]</c>, the largest entry one.</summary>
    /// <param name="name">Which kind.</param>
    /// <param name="length">Rows.</param>
    /// <param name="projection"><c>[features, 16]</c> standard normals, the same for queries and keys.</param>
    /// <param name="random">Where the rows come from.</param>
    public static float[] Make(string name, int length, float[] projection, Random random)
    {
        int features = projection.Length / Dimension;
        double[] logarithms = new double[(long)length * features];
        double[] row = new double[Dimension];
        for (int t = 0; t < length; t++)
        {
            Span<double> target = logarithms.AsSpan(t * features, features);
            switch (name)
            {
                case "flat":
                    for (int a = 0; a < features; a++) target[a] = 0.05 * Normal.Next(random);
                    break;
                case "heavy-tailed":
                    for (int a = 0; a < features; a++) target[a] = 4 * Normal.Next(random);
                    break;
                default:
                    FillPositive(target, row, Size(name), projection, random);
                    break;
            }
        }

        double largest = logarithms.Max();
        return Array.ConvertAll(logarithms, logarithm => (float)Math.Exp(logarithm - largest));
    }

    private static double Size(string name) => name switch
    {
        "un-normalised x = 0.3" => 0.3,
        "un-normalised x = 1" => 1,
        "un-normalised x = 2" => 2,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such features"),
    };

    /// <summary>ln of positive random features of x ~ N(0, size²).</summary>
    private static void FillPositive(Span<double> target, double[] row, double size, float[] projection, Random random)
    {
        double halfSquares = 0;
        for (int i = 0; i < Dimension; i++)
        {
            row[i] = size * Normal.Next(random);
            halfSquares += row[i] * row[i] / 2;
        }

        for (int a = 0; a < target.Length; a++)
        {
            double dot = 0;
            for (int i = 0; i < Dimension; i++) dot += projection[(a * Dimension) + i] * row[i];
            target[a] = dot - halfSquares;
        }
    }

    /// <summary>A projection for <see cref="Make"/>.</summary>
    public static float[] Projection(int features, Random random) => Normal.Array(random, (long)features * Dimension);
}
