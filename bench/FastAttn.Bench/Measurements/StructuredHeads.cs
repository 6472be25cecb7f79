using System.Diagnostics;
using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>
/// Positions with structure, given as plain dense biases: whole calls, m = d = 64, one head, one core, from 4096 tokens to a
/// million; time per token, the process's peak memory, and the worst of some rows against float64.
/// </summary>
internal sealed class StructuredHeads : IMeasurement
{
    private const int Dimension = 64;
    private const int CheckedRows = 24;

    private static readonly (string Name, Method Method, Func<int, double> Bias)[] Cases =
    [
        ("constant beyond ±128", Method.Band, t => Math.Sin(1.7 * Math.Clamp(t, -128, 128))),
        ("T5, 32 buckets", Method.Band, t => Math.Sin(7.3 * Bucket(t))),
        ("ALiBi 1/16", Method.Decay, t => -Math.Abs(t) / 16.0),
        ("ALiBi 1/256", Method.Decay, t => -Math.Abs(t) / 256.0),
        ("KERPLE, log", Method.Multipole, t => -1.5 * Math.Log(1 + (0.1 * Math.Abs(t)))),
        ("KERPLE, power", Method.Multipole, t => -0.05 * Math.Pow(Math.Abs(t), 0.8)),
        ("Gaussian", Method.Multipole, t => -1e-6 * t * (double)t),
    ];

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table(
            "Positions with structure, one head, m = d = 64, one core", "positions", "n", "causal", "planner takes", "ms", "µs a token", "GFLOP/s peak", "repaired rows", "worst error", "found", "working MiB", "peak MiB");
        foreach ((string name, Method method, Func<int, double> bias) in Cases)
        {
            foreach (int length in settings.IsQuick ? [4096, 65536] : (int[])[4096, 16384, 65536, 262144, 1048576])
            {
                foreach (bool causal in length == 65536 ? [false, true] : (bool[])[false]) Measure(settings, table, name, method, bias, length, causal);
            }
        }

        table.Note($"Biases are dense float32 tables; the structure is found in the numbers. Errors: ‖Δz‖ over the largest visible ‖v‖, worst of {CheckedRows} rows, the tolerance is 1e-4.");
        return table;
    }

    private static void Measure(MeasurementSettings settings, Table table, string name, Method method, Func<int, double> bias, int length, bool causal)
    {
        var random = new Random(1);
        float[] query = Normal.Array(random, (long)length * Dimension), key = Normal.Array(random, (long)length * Dimension), value = Normal.Array(random, (long)length * Dimension);
        float[] output = new float[(long)length * Dimension], table32 = [.. Enumerable.Range(1 - length, (2 * length) - 1).Select(t => (float)bias(t))];
        var shape = new AttentionShape(1, length, Dimension);
        RelativePosition position = RelativePosition.Dense(table32, length, length);
        var options = new KernelizedAttentionOptions { Features = Dimension, Threads = 1, Causal = causal };
        using var planned = new KernelizedAttention(shape, options, position);
        using var plan = new KernelizedAttention(shape, options with { Method = method }, position);
        ForwardReport report = default;
        Rounds rounds = Rounds.Run(settings.RowTime, () => report = plan.Forward(query, key, value, output), FmaPeak.Run);
        double seconds = rounds.Seconds(0), peak = FmaPeak.Operations / rounds.Seconds(1) / 1e9;
        double worst = WorstError(query, key, value, output, table32, plan.Projection!, length, causal);
        table.Add(
            name, length, causal ? "yes" : "no", Words.Of(planned.Plan.Method), seconds * 1e3, seconds * 1e6 / length, peak, report.RepairedRows, worst,
            planned.Plan.Candidates.Single(candidate => candidate.Method == method).Reason, plan.WorkspaceBytes / 1048576.0, Process.GetCurrentProcess().PeakWorkingSet64 / 1048576.0);
    }

    /// <summary>Rows by the definition, in float64, features included.</summary>
    private static double WorstError(float[] query, float[] key, float[] value, float[] output, float[] bias, RandomProjection projection, int length, bool causal)
    {
        double worst = 0, loudest = 0;
        for (int j = 0; j < length; j++)
        {
            double squares = 0;
            for (int c = 0; c < Dimension; c++) squares += Math.Pow(value[((long)j * Dimension) + c], 2);
            loudest = Math.Max(loudest, Math.Sqrt(squares));
        }

        double[][] queries = [.. Enumerable.Range(0, CheckedRows).Select(r => Features(query, Row(r, length), projection))];
        double[] denominators = new double[CheckedRows], numerators = new double[CheckedRows * Dimension];
        for (int j = 0; j < length; j++)
        {
            double[] features = Features(key, j, projection);
            for (int r = 0; r < CheckedRows; r++)
            {
                int i = Row(r, length);
                if (causal && j > i) continue;
                double weight = 0;
                for (int a = 0; a < features.Length; a++) weight += queries[r][a] * features[a];
                weight *= Math.Exp(bias[j - i + length - 1]);
                denominators[r] += weight;
                for (int c = 0; c < Dimension; c++) numerators[(r * Dimension) + c] += weight * value[((long)j * Dimension) + c];
            }
        }

        for (int r = 0; r < CheckedRows; r++)
        {
            double squares = 0;
            for (int c = 0; c < Dimension; c++)
                squares += Math.Pow(output[((long)Row(r, length) * Dimension) + c] - (numerators[(r * Dimension) + c] / denominators[r]), 2);
            worst = Math.Max(worst, Math.Sqrt(squares) / loudest);
        }

        return worst;
    }

    /// <summary>The first and the last rows and a spread of others.</summary>
    private static int Row(int index, int length) => (int)((long)index * (length - 1) / (CheckedRows - 1));

    /// <summary>The paper's features of a normalised row; factors that a whole call shares are left out.</summary>
    private static double[] Features(float[] rows, int row, RandomProjection projection)
    {
        double norm = 0;
        for (int c = 0; c < Dimension; c++) norm += Math.Pow(rows[((long)row * Dimension) + c], 2);
        norm = Math.Sqrt(norm);
        double[] features = new double[projection.Features];
        ReadOnlySpan<float> values = projection.Values;
        for (int a = 0; a < features.Length; a++)
        {
            double product = 0;
            for (int c = 0; c < Dimension; c++) product += values[(a * Dimension) + c] * (rows[((long)row * Dimension) + c] / norm);
            features[a] = Math.Exp(product);
        }

        return features;
    }

    /// <summary>T5's: 8 near offsets on each side by themselves, then by the logarithm up to 128, 32 in all.</summary>
    private static int Bucket(int offset)
    {
        int distance = Math.Abs(offset);
        int bucket = distance < 8 ? distance : Math.Min(15, 8 + (int)(Math.Log(distance / 8.0) / Math.Log(16) * 8));
        return bucket + (offset > 0 ? 16 : 0);
    }
}
