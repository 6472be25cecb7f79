using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>One head and eight heads on one thread and on two.</summary>
internal sealed class ThreadScaling : IMeasurement
{
    private const int FeatureCount = 64;

    public bool IsPinned => false;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table("Two threads against one, d = d_v = m = 64", "heads", "n", "method", "one thread ms", "two threads ms", "speed-up");
        foreach (int heads in (int[])[1, 8])
        {
            foreach (int length in settings.IsQuick ? [1024] : (int[])[512, 1024, 2048, 4096])
            {
                foreach (Method method in (Method[])[Method.Direct, Method.Fft, Method.Linear])
                {
                    var inputs = new HeadInputs(length, heads: heads);
                    bool hasPosition = method != Method.Linear;
                    using KernelizedAttention one = inputs.Plan(method, FeatureCount, hasPosition: hasPosition);
                    using KernelizedAttention two = inputs.Plan(method, FeatureCount, threads: 2, hasPosition: hasPosition);
                    Rounds rounds = Rounds.Run(settings.RowTime, () => inputs.Run(one), () => inputs.Run(two));
                    table.Add(heads, length, Words.Of(method), rounds.Seconds(0) * 1e3, rounds.Seconds(1) * 1e3, rounds.Seconds(0) / rounds.Seconds(1));
                }
            }
        }

        table.Note($"One head is shared by both threads; of eight, each thread takes one after the other.");
        return table;
    }
}
