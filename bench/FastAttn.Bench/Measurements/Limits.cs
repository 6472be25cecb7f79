using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;
using FastAttn.Memory;

namespace FastAttn.Bench.Measurements;

/// <summary>What one core can do at most, so that every other table can be read as a share of it.</summary>
internal sealed unsafe class Limits : IMeasurement
{
    private const int Steps = 20_000;
    private const double BytesARun = 8 << 20;

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table("Limits of one core", "limit", "where", "KiB", "figure", "unit");
        Streams streams = Streams.Current;
        double ticks = 0;
        Rounds compute = Rounds.Run(settings.RowTime, FmaPeak.Run, () => streams.Add(Steps), () => ticks = Streams.Tick(Steps));
        table.Add("multiply-add", "registers", "", FmaPeak.Operations / compute.Seconds(0) / 1e9, "GFLOP/s");
        table.Add("add", "registers", "", streams.Additions(Steps) / compute.Seconds(1) / 1e9, "GFLOP/s");
        table.Add("clock", "chain of integer operations", "", ticks / compute.Seconds(2) / 1e9, "GHz");

        int[] sizes = [16, 256, 512, 4096, 8192, settings.IsQuick ? 65536 : 262144];
        using var buffer = new AlignedBuffer((long)sizes[^1] << 10);
        float* data = (float*)buffer.Data;
        new Span<float>(data, sizes[^1] << 8).Clear();
        foreach (int kibibytes in sizes)
        {
            long bytes = (long)kibibytes << 10, count = bytes / sizeof(float);
            int times = (int)Math.Max(1, BytesARun / bytes);
            Rounds rounds = Rounds.Run(
                settings.RowTime, () => streams.Read(data, count, times), () => streams.Write(data, count, times), () => streams.Change(data, count, times));
            string where = kibibytes switch { <= 32 => "L1", <= 512 => "L2", <= 8192 => "L3", _ => "memory" };
            table.Add("read", where, kibibytes, times * (double)bytes / rounds.Seconds(0) / 1e9, "GB/s");
            table.Add("write", where, kibibytes, times * (double)bytes / rounds.Seconds(1) / 1e9, "GB/s");
            table.Add("in place", where, kibibytes, 2.0 * times * bytes / rounds.Seconds(2) / 1e9, "GB/s");
        }

        table.Note($"In place counts every byte twice, read and written. Sizes stand for the level that most processors keep them in; huge pages.");
        return table;
    }
}
