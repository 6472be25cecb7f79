using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>
/// Whole calls against PyTorch's, d = m = 64, one core: exact softmax with a bias against its fused attention with an [H, n, n] bias,
/// kernelized attention against both kinds of fused attention and against the paper written plainly in three ways.
/// </summary>
internal sealed class TorchComparison : IMeasurement
{
    private const int Dimension = 64;
    private const int FeatureCount = 64;

    /// <summary>Results are compared up to here; beyond, ours and theirs have been compared at the shorter lengths.</summary>
    private const int LongestChecked = 4096;

    private static readonly (string Form, string Name, int Longest)[] TheirForms =
    [
        ("softmax", "softmax", 65536),
        ("softmax-biased", "biased softmax", 8192),
        ("paper-rfft", "paper by rfft", 8192),
        ("paper-matrix", "paper by Toeplitz matrix", 2048),
        ("paper-weights", "paper by n × n weights", 8192),
    ];

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        if (settings.Peers is not [string script]) throw new InvalidOperationException("torch needs one --peers: bench/peers/pytorch.sh");
        var table = new Table("Ours against PyTorch, d = m = 64, one core", "n", "heads", "ours", "method", "ms", "PyTorch", "PyTorch ms", "PyTorch / ours");
        using var program = new PeerProgram(script, "run");
        foreach ((int length, int heads) in settings.IsQuick ? [(512, 8), (2048, 2)] : ((int, int)[])[(512, 8), (1024, 8), (2048, 8), (4096, 8), (8192, 2), (16384, 1), (65536, 1)])
            Measure(settings, program, table, length, heads);
        table.Note($"{program.About[0]}. Times are for all heads; every one grows in proportion to them. Each program's features are part of its time; matrices of biases are made beforehand.");
        table.Note($"The n × n weights are quadratic as softmax attention is: what a user writes who does not follow the paper's fast product.");
        return table;
    }

    private static void Measure(MeasurementSettings settings, PeerProgram program, Table table, int length, int heads)
    {
        var inputs = new HeadInputs(length, Dimension, heads);
        float[] buckets = AdversarialPositions.Make("T5 buckets", length, new Random(2));
        using KernelizedAttention dense = inputs.Plan(Method.Auto, FeatureCount);
        using KernelizedAttention t5 = Plan(inputs, dense.Projection!, buckets);
        using SoftmaxAttention softmax = inputs.Softmax();
        (string Name, string Method, Action Run)[] ours =
        [
            ("kernelized, dense", Words.Of(dense.Plan.Method), () => inputs.Run(dense)),
            ("kernelized, T5", Words.Of(t5.Plan.Method), () => inputs.Run(t5)),
            ("biased softmax", "", () => inputs.Run(softmax)),
        ];
        if (length > TheirForms[1].Longest) ours = ours[..2];

        int[] sizes = [heads, length, Dimension, FeatureCount];
        float[] projection = dense.Projection!.Values.ToArray();
        (string Name, PeerRun Run)[] theirs =
        [
            .. TheirForms.Where(form => length <= form.Longest)
                .Select(form => (form.Name, program.Create(form.Form, sizes, inputs.Query, inputs.Key, inputs.Value, inputs.Bias, projection))),
        ];
        Rounds rounds = Rounds.RunTimed(settings.RowTime, [.. ours.Select(one => Rounds.Timed(one.Run)), .. theirs.Select(one => (Func<double>)one.Run.Compute)]);
        for (int mine = 0; mine < ours.Length; mine++)
        {
            for (int other = 0; other < theirs.Length; other++)
            {
                // Exact softmax attention has nothing to do with the paper's.
                if (ours[mine].Name == "biased softmax" && theirs[other].Name != "biased softmax") continue;
                int action = ours.Length + other;
                table.Add(length, heads, ours[mine].Name, ours[mine].Method, rounds.Seconds(mine) * 1e3, theirs[other].Name, rounds.Seconds(action) * 1e3, rounds.Ratio(action, mine));
            }
        }

        foreach ((string name, PeerRun run) in theirs)
        {
            if (length <= LongestChecked) Check(inputs, dense, name, run);
            run.Dispose();
        }
    }

    private static KernelizedAttention Plan(HeadInputs inputs, RandomProjection projection, float[] bias) => new(
        inputs.Shape, new KernelizedAttentionOptions { Features = FeatureCount, Threads = 1, Projection = projection },
        RelativePosition.Dense(bias, inputs.Shape.QueryLength, inputs.Shape.KeyLength));

    private static void Check(HeadInputs inputs, KernelizedAttention dense, string name, PeerRun run)
    {
        using SoftmaxAttention softmax = inputs.Softmax(hasPosition: name != "softmax");
        inputs.Run(name.StartsWith("paper", StringComparison.Ordinal) ? dense : softmax);
        run.CheckSameAs(inputs.Output, $"PyTorch's {name}");
    }
}
