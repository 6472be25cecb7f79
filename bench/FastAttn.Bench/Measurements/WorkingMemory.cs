using FastAttn.Bench.Reporting;

namespace FastAttn.Bench.Measurements;

/// <summary>The workspace a plan really rents against the promised bound.</summary>
internal sealed class WorkingMemory : IMeasurement
{
    private const double Mebibyte = 1 << 20;

    public bool IsPinned => false;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table("Working memory of a head in flight", "n", "m", "d_v", "map", "method", "threads", "N", "MiB", "bound MiB", "share");
        (double Share, string Shape) worst = default;
        var over = new List<string>();
        int shapes = 0;
        foreach (int length in (int[])[1, 63, 512, 1000, 4096, 5000, 16384, 65536])
        {
            foreach (int features in (int[])[1, 16, 32, 64, 100, 256])
            {
                foreach (int values in (int[])[1, 16, 64, 80, 128, 512])
                {
                    foreach (FeatureMap map in (FeatureMap[])[FeatureMap.Prf, FeatureMap.Trf])
                    {
                        foreach ((Method method, int threads) in from method in (Method[])[Method.Direct, Method.Fft, Method.Linear] from threads in (int[])[1, 2, 8] select (method, threads))
                        {
                            var shape = new AttentionShape(1, length, 64) { ValueDimension = values };
                            var options = new KernelizedAttentionOptions { Features = features, FeatureMap = map, Method = method, Threads = threads };
                            RelativePosition? position = method == Method.Linear ? null : RelativePosition.Dense(new float[(2 * length) - 1], length, length);
                            using var plan = new KernelizedAttention(shape, options, position);
                            int size = method == Method.Fft ? plan.Plan.FftLength : length, featuresOut = plan.Plan.Features;
                            double bound = (4.0 * size * ((5 * featuresOut) + (3 * values) + (96 * threads))) + (8 * threads * Mebibyte);
                            double share = plan.WorkspaceBytes / bound;
                            shapes++;
                            string name = $"n = {length}, m = {featuresOut}, d_v = {values}, {Words.Of(method)}, {threads} threads";
                            if (share > worst.Share) worst = (share, name);
                            if (share > 1) over.Add($"{name}: {Percent.Of(share)}");
                            if (!IsShown(length, features, values, map, threads)) continue;
                            table.Add(length, featuresOut, values, Words.Of(map), Words.Of(method), threads, size, plan.WorkspaceBytes / Mebibyte, bound / Mebibyte, Percent.Of(share));
                        }
                    }
                }
            }
        }

        table.Note($"Bound: 4·N·(5m + 3d_v + 96w) bytes + 8w MiB, N the transform length or the tokens, w the threads that share the head. Worst of {shapes} shapes: {worst.Share * 100:0.0} % ({worst.Shape}).");
        table.Note($"Beyond the bound: {(over.Count == 0 ? "none" : string.Join("; ", over))}.");
        return table;
    }

    private static bool IsShown(int length, int features, int values, FeatureMap map, int threads) =>
        map == FeatureMap.Prf && length is 512 or 4096 or 5000 or 65536 && features is 32 or 64 or 256 && values is 64 && threads is 1 or 2;
}
