namespace FastAttn.Cli.Demo;

/// <summary>
/// Turns bytes into queries, keys, values and a bias by a rule that favours no method. Each of the 256 bytes has, per head and per role
/// (query, key, value), a vector of independent N(0,1) numbers from a fixed seed; position t takes
/// <c>(e(x_t) + ½ e(x_{t−1}) + ¼ e(x_{t−2}) + ⅛ e(x_{t−3})) / √(1 + ¼ + 1/16 + 1/64)</c>, so that neighbours resemble each other as they do
/// in a trained model. No noise is added. A document shorter than the sequence is repeated. The bias of a head at an offset is ½·N(0,1) from
/// another fixed seed, the same at every length: it looks learned and has no structure that a method could exploit.
/// </summary>
internal sealed class ByteEmbedding
{
    private const int Heads = DemoShape.Heads;
    private const int Dimension = DemoShape.HeadDimension;
    private const int Bytes = 256;
    private const double BiasDeviation = 0.5;

    private static readonly double[] Smoothing = [1, 0.5, 0.25, 0.125];

    // Vector of byte x in head h at [(h·256 + x)·Dimension].
    private readonly double[] _queries = Normals(seed: 1, Heads * Bytes * Dimension);
    private readonly double[] _keys = Normals(seed: 2, Heads * Bytes * Dimension);
    private readonly double[] _values = Normals(seed: 3, Heads * Bytes * Dimension);

    // Offset t of head h at [h·(2·longest − 1) + t + longest − 1].
    private readonly double[] _biases = Normals(seed: 4, Heads * (2 * DemoShape.LongestLength - 1));

    /// <summary>The first <paramref name="length"/> positions of a document.</summary>
    public AttentionData Embed(byte[] document, int length) =>
        new(length, Embed(_queries, document, length), Embed(_keys, document, length), Embed(_values, document, length), Bias(length));

    private static float[] Embed(double[] vectors, byte[] document, int length)
    {
        double deviation = Math.Sqrt(Smoothing.Sum(weight => weight * weight));
        float[] rows = new float[Heads * length * Dimension];
        Parallel.For(0, Heads, head =>
        {
            Span<double> sum = stackalloc double[Dimension];
            for (int position = 0; position < length; position++)
            {
                sum.Clear();
                for (int back = 0; back < Smoothing.Length && back <= position; back++)
                {
                    int symbol = document[(position - back) % document.Length];
                    ReadOnlySpan<double> vector = vectors.AsSpan((head * Bytes + symbol) * Dimension, Dimension);
                    for (int column = 0; column < Dimension; column++) sum[column] += Smoothing[back] * vector[column];
                }

                Span<float> row = rows.AsSpan((head * length + position) * Dimension, Dimension);
                for (int column = 0; column < Dimension; column++) row[column] = (float)(sum[column] / deviation);
            }
        });
        return rows;
    }

    private float[] Bias(int length)
    {
        int offsets = 2 * length - 1;
        float[] bias = new float[Heads * offsets];
        for (int head = 0; head < Heads; head++)
        {
            int start = head * (2 * DemoShape.LongestLength - 1) + DemoShape.LongestLength - length;
            for (int offset = 0; offset < offsets; offset++) bias[head * offsets + offset] = (float)(BiasDeviation * _biases[start + offset]);
        }

        return bias;
    }

    private static double[] Normals(ulong seed, int count)
    {
        NormalGenerator generator = new(seed);
        double[] numbers = new double[count];
        for (int i = 0; i < count; i++) numbers[i] = generator.Next();
        return numbers;
    }
}
