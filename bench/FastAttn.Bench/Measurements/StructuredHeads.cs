using System.Numerics.Tensors;
using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>
/// Positions with structure, most of them given as plain dense biases: whole calls, m = d = 64, one head, one core, from 4096 tokens
/// to a million; time and memory per token, and the worst of some rows against float64.
/// </summary>
internal sealed class StructuredHeads : IMeasurement
{
    private const int Dimension = 64;
    private const int CheckedRows = 24;
    private const int Million = 1 << 20;

    private static readonly float[] Weights = [1, 0.5f, 0.1f], Rates = [1 / 8f, 1 / 64f, 1 / 1024f];

    private static readonly Case[] Cases =
    [
        new("constant beyond ±128", Method.Band, t => Math.Sin(1.7 * Math.Clamp(t, -128, 128))),
        new("T5, 32 buckets", Method.Band, t => Math.Sin(7.3 * Bucket(t))),
        new("ALiBi 1/16", Method.Decay, t => -Math.Abs(t) / 16.0),
        new("ALiBi 1/256", Method.Decay, t => -Math.Abs(t) / 256.0),
        new("three exponentials, stated", Method.Decay, Exponentials, RelativePosition.Exponentials(Weights, Rates)),
        new("KERPLE, log", Method.Multipole, t => -1.5 * Math.Log(1 + (0.1 * Math.Abs(t)))),
        new("KERPLE, power", Method.Multipole, t => -0.05 * Math.Pow(Math.Abs(t), 0.8)),
        new("Gaussian", Method.Multipole, t => -1e-6 * t * (double)t),
    ];

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table(
            "Positions with structure, one head, m = d = 64, one core", "positions", "n", "causal", "planner takes", "ms", "µs a token", "GFLOP/s peak", "repaired rows", "worst error", "found", "working bytes a token");
        int[] lengths = settings.IsQuick ? [4096, 65536] : [4096, 16384, 65536, Million];
        var rows = new Rows(lengths[^1]);
        foreach (Case positions in Cases)
        {
            foreach (int length in lengths)
            {
                foreach (bool causal in length == 65536 ? [false, true] : (bool[])[false]) Measure(settings, table, positions, rows, length, causal);
            }
        }

        table.Note($"Biases are dense float32 tables but for those that are stated; the structure is found in the numbers. Errors: ‖Δz‖ over the largest visible ‖v‖, worst of {CheckedRows} rows, the tolerance is 1e-4.");
        return table;
    }

    private static void Measure(MeasurementSettings settings, Table table, Case positions, Rows rows, int length, bool causal)
    {
        var shape = new AttentionShape(1, length, Dimension);
        var options = new KernelizedAttentionOptions { Features = Dimension, Threads = 1, Causal = causal, Method = positions.Method };
        using var plan = new KernelizedAttention(shape, options, positions.Stated ?? RelativePosition.Dense(positions.Table(length), length, length));
        ForwardReport report = default;
        int count = length * Dimension;
        Action forward = () => report = plan.Forward(rows.Query.AsSpan(0, count), rows.Key.AsSpan(0, count), rows.Value.AsSpan(0, count), rows.Output.AsSpan(0, count));
        Rounds rounds = length < Million ? Rounds.Run(settings.RowTime, forward, FmaPeak.Run) : Rounds.RunLong(settings.RowTime, forward, FmaPeak.Run);
        double seconds = rounds.Seconds(0), peak = FmaPeak.Operations / rounds.Seconds(1) / 1e9;
        table.Add(
            positions.Name, length, causal ? "yes" : "no", Words.Of(plan.Plan.Candidates[0].Method), seconds * 1e3, seconds * 1e6 / length, peak, report.RepairedRows,
            WorstError(rows, positions, plan.Projection!, length, causal), plan.Plan.Candidates.Single(candidate => candidate.Method == positions.Method).Reason,
            plan.WorkspaceBytes / (double)length);
    }

    /// <summary>Rows by the definition, in float64, features included.</summary>
    private static double WorstError(Rows rows, Case positions, RandomProjection projection, int length, bool causal)
    {
        double[] weights = new double[projection.Values.Length], wide = new double[Dimension], features = new double[projection.Features], value = new double[Dimension];
        TensorPrimitives.ConvertTruncating(projection.Values, weights.AsSpan());
        double[][] queries = [.. Enumerable.Range(0, CheckedRows).Select(r => new double[projection.Features])];
        for (int r = 0; r < CheckedRows; r++) Features(rows.Query, Row(r, length), weights, wide, queries[r]);
        double loudest = 0;
        double[] denominators = new double[CheckedRows], numerators = new double[CheckedRows * Dimension];
        for (int j = 0; j < length; j++)
        {
            Features(rows.Key, j, weights, wide, features);
            TensorPrimitives.ConvertTruncating(rows.Value.AsSpan(j * Dimension, Dimension), value.AsSpan());
            loudest = Math.Max(loudest, TensorPrimitives.Norm<double>(value));
            for (int r = 0; r < CheckedRows; r++)
            {
                int i = Row(r, length);
                if (causal && j > i) continue;
                double weight = Math.Exp(positions.BiasOf(j - i)) * TensorPrimitives.Dot<double>(queries[r], features);
                denominators[r] += weight;
                Span<double> sums = numerators.AsSpan(r * Dimension, Dimension);
                TensorPrimitives.MultiplyAdd(value, weight, sums, sums);
            }
        }

        double worst = 0;
        for (int r = 0; r < CheckedRows; r++)
        {
            double squares = 0;
            for (int c = 0; c < Dimension; c++)
                squares += Math.Pow(rows.Output[(Row(r, length) * Dimension) + c] - (numerators[(r * Dimension) + c] / denominators[r]), 2);
            worst = Math.Max(worst, Math.Sqrt(squares) / loudest);
        }

        return worst;
    }

    /// <summary>The first and the last rows and a spread of others.</summary>
    private static int Row(int index, int length) => (int)((long)index * (length - 1) / (CheckedRows - 1));

    /// <summary>The paper's features of a normalised row; factors that a whole call shares are left out.</summary>
    private static void Features(float[] rows, int row, double[] weights, double[] wide, double[] features)
    {
        TensorPrimitives.ConvertTruncating(rows.AsSpan(row * Dimension, Dimension), wide.AsSpan());
        TensorPrimitives.Divide(wide, TensorPrimitives.Norm<double>(wide), wide);
        for (int a = 0; a < features.Length; a++) features[a] = TensorPrimitives.Dot<double>(weights.AsSpan(a * Dimension, Dimension), wide);
        TensorPrimitives.Exp(features, features);
    }

    private static double Exponentials(int offset)
    {
        double sum = 0;
        for (int term = 0; term < Weights.Length; term++) sum += Weights[term] * Math.Exp(-Rates[term] * (double)Math.Abs(offset));
        return Math.Log(sum);
    }

    /// <summary>T5's: 8 near offsets on each side by themselves, then by the logarithm up to 128, 32 in all.</summary>
    private static int Bucket(int offset)
    {
        int distance = Math.Abs(offset);
        int bucket = distance < 8 ? distance : Math.Min(15, 8 + (int)(Math.Log(distance / 8.0) / Math.Log(16) * 8));
        return bucket + (offset > 0 ? 16 : 0);
    }

    /// <summary>Positions and the method they are for.</summary>
    /// <param name="Name">What the table calls them.</param>
    /// <param name="Method">The method that uses their structure.</param>
    /// <param name="Bias">b_t.</param>
    /// <param name="Stated">Positions that know their own structure; null for a table of numbers.</param>
    private sealed record Case(string Name, Method Method, Func<int, double> Bias, RelativePosition? Stated = null)
    {
        public float[] Table(int length) => [.. Enumerable.Range(1 - length, (2 * length) - 1).Select(t => (float)Bias(t))];

        /// <summary>The bias as the library gets it.</summary>
        public double BiasOf(int offset) => Stated is null ? (float)Bias(offset) : Bias(offset);
    }

    /// <summary>Normal rows, enough for every length.</summary>
    private sealed class Rows
    {
        public Rows(int length)
        {
            var random = new Random(1);
            Query = Normal.Array(random, (long)length * Dimension);
            Key = Normal.Array(random, (long)length * Dimension);
            Value = Normal.Array(random, (long)length * Dimension);
            Output = new float[(long)length * Dimension];
        }

        public float[] Query { get; }

        public float[] Key { get; }

        public float[] Value { get; }

        public float[] Output { get; }
    }
}
