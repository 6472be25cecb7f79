using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>Eight heads on one thread and on two.</summary>
internal sealed class ThreadScaling : IMeasurement
{
    private const int HeadCount = 8;

    public bool IsPinned => false;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table("Two threads against one, 8 heads, d = m = 64", "n", "method", "one thread ms", "two threads ms", "speed-up");
        foreach (int length in settings.IsQuick ? [1024] : (int[])[512, 1024, 2048, 4096])
        {
            foreach (Method method in (Method[])[Method.Direct, Method.Fft])
            {
                var inputs = new HeadInputs(length, heads: HeadCount);
                using KernelizedAttention one = inputs.Plan(method, 64), two = inputs.Plan(method, 64, threads: 2);
                Rounds rounds = Rounds.Run(settings.RowTime, () => inputs.Run(one), () => inputs.Run(two));
                table.Add(length, Words.Of(method), rounds.Seconds(0) * 1e3, rounds.Seconds(1) * 1e3, rounds.Seconds(0) / rounds.Seconds(1));
            }
        }

        return table;
    }
}
