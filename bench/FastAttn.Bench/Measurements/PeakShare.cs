using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>The direct method, alone and within a whole call, against the register-only multiply-add peak of the same rounds.</summary>
internal sealed class PeakShare : IMeasurement
{
    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table(
            "Direct method: share of the multiply-add peak", "n", "m", "d", "causal", "method ms", "GFLOP/s", "peak GFLOP/s", "share", "whole call ms", "share of the call");
        foreach (bool causal in (bool[])[false, true])
        {
            foreach (int length in settings.IsQuick ? [1024] : (int[])[512, 1024, 2048, 4096])
            {
                foreach (int features in (int[])[32, 64, 128, 256]) Measure(settings, table, length, features, causal);
            }
        }

        table.Note($"Counted are 2·n²·(m + d) operations, half of them under causality: packing, coefficients and row sums come free of charge, in the whole call features, certificate and division too.");
        return table;
    }

    private static void Measure(MeasurementSettings settings, Table table, int length, int features, bool causal)
    {
        var inputs = new HeadInputs(length);
        using KernelizedAttention plan = inputs.Plan(Method.Direct, features, causal: causal);
        int dimension = inputs.Shape.ValueDimension;
        using MethodCase method = MethodCase.Random(Method.Direct, length, features, dimension, causal);
        Rounds rounds = Rounds.Run(settings.RowTime, () => method.Compute(), FmaPeak.Run, () => inputs.Run(plan));
        double operations = (causal ? 1.0 : 2.0) * length * length * (features + dimension);
        table.Add(
            length, features, dimension, causal ? "yes" : "no", rounds.Seconds(0) * 1e3, operations / rounds.Seconds(0) / 1e9,
            FmaPeak.Operations / rounds.Seconds(1) / 1e9, Percent.Of(operations / FmaPeak.Operations / rounds.Ratio(0, 1)),
            rounds.Seconds(2) * 1e3, Percent.Of(operations / FmaPeak.Operations / rounds.Ratio(2, 1)));
    }
}
