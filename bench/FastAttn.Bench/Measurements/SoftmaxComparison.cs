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
            "n", "softmax ms", "GFLOP/s", "peak GFLOP/s", "share of peak", "causal ms", "causal share", "kernelized by", "its ms", "speed-up");
        foreach (int length in settings.IsQuick ? [1024] : (int[])[512, 1024, 2048, 4096, 8192, 16384])
        {
            var inputs = new HeadInputs(length);
            using SoftmaxAttention softmax = inputs.Softmax(), causalSoftmax = inputs.Softmax(causal: true);
            using KernelizedAttention plan = inputs.Plan(Method.Auto, FeatureCount);
            Rounds rounds = Rounds.Run(
                settings.RowTime, () => inputs.Run(softmax), () => inputs.Run(causalSoftmax), () => inputs.Run(plan), FmaPeak.Run);
            double pairs = (double)length * length, causalPairs = (pairs + length) / 2;
            double each = 2.0 * (inputs.Shape.HeadDimension + inputs.Shape.ValueDimension);
            table.Add(
                length, rounds.Seconds(0) * 1e3, each * pairs / rounds.Seconds(0) / 1e9, FmaPeak.Operations / rounds.Seconds(3) / 1e9,
                Percent.Of(each * pairs / FmaPeak.Operations / rounds.Ratio(0, 3)),
                rounds.Seconds(1) * 1e3, Percent.Of(each * causalPairs / FmaPeak.Operations / rounds.Ratio(1, 3)),
                Words.Of(plan.Plan.Method), rounds.Seconds(2) * 1e3, rounds.Ratio(0, 2));
        }

        table.Note($"Counted are 2·(d + d_v) operations of the two products for each pair that is not removed; bias, exponentials, maxima and packing come free of charge.");
        return table;
    }
}
