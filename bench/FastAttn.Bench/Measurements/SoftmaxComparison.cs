using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>Exact softmax attention with the same bias, its share of the peak, and how much faster the planner's kernelized method is.</summary>
internal sealed class SoftmaxComparison : IMeasurement
{
    private const int FeatureCount = 64;

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table(
            "Exact softmax attention against kernelized attention, one head, d = m = 64, one core",
            "n", "softmax ms", "GFLOP/s", "share of peak", "kernelized by", "its ms", "speed-up");
        foreach (int length in settings.IsQuick ? [1024] : (int[])[512, 1024, 2048, 4096, 8192, 16384])
        {
            var inputs = new HeadInputs(length);
            using KernelizedAttention plan = inputs.Plan(Method.Auto, FeatureCount);
            Rounds rounds = Rounds.Run(
                settings.RowTime,
                () => SoftmaxAttention.Forward(inputs.Shape, inputs.Query, inputs.Key, inputs.Value, inputs.Output, inputs.Bias, threads: 1),
                () => inputs.Run(plan), FmaPeak.Run);
            double operations = 2.0 * length * length * (inputs.Shape.HeadDimension + inputs.Shape.ValueDimension);
            table.Add(
                length, rounds.Seconds(0) * 1e3, operations / rounds.Seconds(0) / 1e9, Percent.Of(operations / FmaPeak.Operations / rounds.Ratio(0, 2)),
                Words.Of(plan.Plan.Method), rounds.Seconds(1) * 1e3, rounds.Ratio(0, 1));
        }

        table.Note($"Counted are 2·n²·(d + d_v) operations of the two products; exponentials and maxima come free of charge.");
        return table;
    }
}
