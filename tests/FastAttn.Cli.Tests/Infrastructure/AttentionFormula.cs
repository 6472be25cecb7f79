using FastAttn.Cli.Npy;

namespace FastAttn.Cli.Tests;

/// <summary>Kernelized attention in double precision, word for word as the paper has it: slow, and with every option of the command line.</summary>
internal sealed record AttentionFormula
{
    public FeatureMap FeatureMap { get; init; } = FeatureMap.Prf;

    /// <summary>W, [m, d] or [H, m, d]; unused by maps without one.</summary>
    public NpyArray<float>? Projection { get; init; }

    /// <summary>Rolls of DPFP.</summary>
    public int Nu { get; init; } = 1;

    public bool Normalize { get; init; } = true;

    public double QkScale { get; init; } = 1;

    /// <summary>[n_q + n_k − 1] or [H, n_q + n_k − 1]; null for none.</summary>
    public NpyArray<float>? Bias { get; init; }

    /// <summary>[B, H, n_q, d], [B, H_k, n_k, d], [B, H_k, n_k, d_v] with leading axes left out or not.</summary>
    public required NpyArray<float> Query { get; init; }

    public required NpyArray<float> Key { get; init; }

    public required NpyArray<float> Value { get; init; }

    /// <summary>Whether query i of sequence b may see key j.</summary>
    public Func<int, int, int, bool> Visible { get; init; } = (_, _, _) => true;

    /// <summary>The result, [B, H, n_q, d_v], rows without a visible key zero.</summary>
    public double[] Compute()
    {
        (int batch, int heads, int queryLength, int dimension) = Axes(Query);
        (_, int keyHeads, int keyLength, _) = Axes(Key);
        int valueDimension = Value.Shape[^1];
        double[] result = new double[batch * heads * queryLength * valueDimension];
        for (int b = 0; b < batch; b++)
        {
            for (int head = 0; head < heads; head++)
            {
                int keyHead = b * keyHeads + head / (heads / keyHeads);
                double[][] keys = [.. Enumerable.Range(0, keyLength).Select(j => Features(Key, keyHead * keyLength + j, head))];
                for (int i = 0; i < queryLength; i++)
                {
                    int row = (b * heads + head) * queryLength + i;
                    double[] query = Features(Query, row, head);
                    double denominator = 0;
                    double[] numerator = new double[valueDimension];
                    foreach (int j in Enumerable.Range(0, keyLength).Where(j => Visible(b, i, j)))
                    {
                        double weight = Math.Exp(BiasOf(head, j - i + queryLength - 1)) * query.Zip(keys[j], (x, y) => x * y).Sum();
                        denominator += weight;
                        for (int c = 0; c < valueDimension; c++) numerator[c] += weight * Value.Values[(keyHead * keyLength + j) * valueDimension + c];
                    }

                    for (int c = 0; c < valueDimension; c++) result[row * valueDimension + c] = denominator == 0 ? 0 : numerator[c] / denominator;
                }
            }
        }

        return result;
    }

    private double BiasOf(int head, int offset)
    {
        if (Bias is null) return 0;
        int offsets = Bias.Shape[^1];
        return Bias.Values[Bias.Values.Length == offsets ? offset : head * offsets + offset];
    }

    private double[] Features(NpyArray<float> rows, int row, int head)
    {
        int dimension = rows.Shape[^1];
        double[] x = [.. rows.Values.Skip(row * dimension).Take(dimension).Select(value => (double)value)];
        double norm = Math.Sqrt(x.Sum(value => value * value));
        double factor = Normalize ? 1 / norm : QkScale;
        x = Array.ConvertAll(x, value => value * factor);
        return FeatureMap switch
        {
            FeatureMap.Prf => [.. Products(x, head).Select(product => Math.Exp(product - x.Sum(value => value * value) / 2))],
            FeatureMap.Given => x,
            FeatureMap.Elu => Array.ConvertAll(x, value => value > 0 ? value + 1 : Math.Exp(value)),
            FeatureMap.Dpfp => Rolled([.. x.Select(value => Math.Max(value, 0)), .. x.Select(value => Math.Max(-value, 0))]),
            _ => throw new NotSupportedException($"{FeatureMap} is tested in the library"),
        };
    }

    private double[] Rolled(double[] r) =>
        [.. from j in Enumerable.Range(1, Nu) from i in Enumerable.Range(0, r.Length) select r[i] * r[(i + (Nu * r.Length) - j) % r.Length]];

    private IEnumerable<double> Products(double[] x, int head)
    {
        int features = Projection!.Shape[^2];
        int start = Projection.Shape.Length == 3 ? head * features : 0;
        return Enumerable.Range(start, features).Select(feature => x.Select((value, c) => value * Projection.Values[feature * x.Length + c]).Sum());
    }

    private static (int Batch, int Heads, int Rows, int Columns) Axes(NpyArray<float> array)
    {
        int[] shape = [.. Enumerable.Repeat(1, 4 - array.Shape.Length), .. array.Shape];
        return (shape[0], shape[1], shape[2], shape[3]);
    }
}
