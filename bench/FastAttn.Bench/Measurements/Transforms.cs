using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;
using FastAttn.Generators.Codelets;
using FastAttn.Kernels;

namespace FastAttn.Bench.Measurements;

/// <summary>
/// The FFT method against what the core's vector units allow, in nanoseconds per point for two features and one vector of
/// value columns (two vectors of real columns), both halves.
/// </summary>
internal sealed class Transforms : IMeasurement
{
    private const int Features = 64, ValueDimension = 64;

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table(
            "FFT method against its floors, m = d = 64",
            "N", "transforms ns", "whole method ns", "whole method ms", "multiplying", "adding", "port floor ns", "transforms / port floor", "formula floor ns",
            "transforms / formula floor", "GHz", "peak GFLOP/s");
        foreach (int length in settings.IsQuick ? [256, 1024, 4096] : (int[])[64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536])
            Measure(settings, table, length);
        table.Note($"Multiplying, adding: vector instructions a point in the emitted codelets. Port floor: the larger of the two at the rate of multiply-adds measured in the same rounds, if additions cost those nothing.");
        table.Note($"Formula floor: 12·lg N + 14 vector instructions a point, two a cycle. Whole method: packing, denominators and certificate included, by m(d + 2)/(2·lanes) transforms.");
        return table;
    }

    private static void Measure(MeasurementSettings settings, Table table, int length)
    {
        using TransformCase transforms = TransformCase.Create(length);
        using MethodCase method = MethodCase.Random(Method.Fft, length, Features, ValueDimension);
        Rounds rounds = Rounds.Run(settings.RowTime, transforms.Run, () => method.Compute(), FmaPeak.Run, Clock.Run);
        UnitUse units = new TransformUnits(transforms.HasUnrolledSplit).Of(transforms.Fft);
        double multiplyAdds = FmaPeak.Operations / 2 / Tiers.Lanes / rounds.Seconds(2), clock = Clock.Cycles / rounds.Seconds(3);
        double tau = rounds.Seconds(0) * 1e9 / TransformCase.Products / length;
        double port = Math.Max(units.Multiplying, units.Adding) / multiplyAdds * 1e9 / length;
        double formula = ((12 * Math.Log2(length)) + 14) / 2 / clock * 1e9;
        double transformCount = Features / 2.0 * ((ValueDimension + 2.0) / Tiers.Lanes);
        table.Add(
            length, tau, rounds.Seconds(1) * 1e9 / length / transformCount, rounds.Seconds(1) * 1e3,
            (double)units.Multiplying / length, (double)units.Adding / length, port, tau / port, formula, tau / formula,
            clock / 1e9, FmaPeak.Operations / rounds.Seconds(2) / 1e9);
    }
}
