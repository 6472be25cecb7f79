using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>Heads with positions on a grid: fft against fft over a sequence of as many tokens, and direct against direct, in the same rounds.</summary>
internal sealed class Grids : IMeasurement
{
    private const int Features = 64;

    /// <summary>Beyond this many tokens direct heads take too long to be measured in passing.</summary>
    private const int MostDirectTokens = 4096;

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table(
            "One head on a grid, m = d = 64, one core",
            ["grid", "n", "N", "fft ms", "fft / 1-D fft", "N / N of 1-D", "direct ms", "direct / 1-D direct", "planner takes"]);
        (int Height, int Width)[] quick = [(16, 16), (24, 24), (64, 64)];
        (int Height, int Width)[] all =
        [
            (8, 8), (14, 14), (16, 16), (24, 24), (7, 37), (32, 32), (48, 80), (50, 70), (16, 256), (256, 16), (64, 64), (96, 96), (128, 128), (160, 256), (256, 256),
        ];
        foreach ((int height, int width) in settings.IsQuick ? quick : all) Measure(settings, table, height, width);
        table.Note($"Whole calls. N is the length of the transforms. Direct is measured up to {MostDirectTokens} tokens.");
        return table;
    }

    private static void Measure(MeasurementSettings settings, Table table, int height, int width)
    {
        int length = height * width;
        var inputs = new HeadInputs(length);
        float[] bias = Normal.Array(new Random(2), ((2L * height) - 1) * ((2 * width) - 1), 0.5);
        RelativePosition grid = RelativePosition.Grid(bias, height, width);
        using KernelizedAttention fft = inputs.Plan(Method.Fft, Features), gridFft = Plan(inputs, Method.Fft, grid);
        using KernelizedAttention direct = inputs.Plan(Method.Direct, Features), gridDirect = Plan(inputs, Method.Direct, grid);
        using KernelizedAttention planned = Plan(inputs, Method.Auto, grid);
        bool measuresDirect = length <= MostDirectTokens;
        Rounds rounds = Rounds.Run(
            settings.RowTime,
            measuresDirect
                ? [() => inputs.Run(fft), () => inputs.Run(gridFft), () => inputs.Run(direct), () => inputs.Run(gridDirect)]
                : [() => inputs.Run(fft), () => inputs.Run(gridFft)]);
        table.Add([
            $"{height} × {width}", length, gridFft.Plan.FftLength, rounds.Seconds(1) * 1e3, rounds.Ratio(1, 0), (double)gridFft.Plan.FftLength / fft.Plan.FftLength,
            measuresDirect ? rounds.Seconds(3) * 1e3 : double.NaN, measuresDirect ? rounds.Ratio(3, 2) : double.NaN, Words.Of(planned.Plan.Method),
        ]);
    }

    private static KernelizedAttention Plan(HeadInputs inputs, Method method, RelativePosition position) =>
        new(inputs.Shape, new KernelizedAttentionOptions { Method = method, Features = Features, Threads = 1 }, position);
}
