using FastAttn.Cli.Demo;

namespace FastAttn.Cli.Compare;

/// <summary>Runs every system on the same inputs.</summary>
internal static class CompareRun
{
    /// <summary>Times each system and compares its rows with both references.</summary>
    /// <param name="data">The inputs.</param>
    /// <param name="systems">What to compare.</param>
    /// <param name="rows">Rows of each head that are checked.</param>
    /// <param name="threads">Threads of every call.</param>
    /// <param name="progress">Told, before each step, what it is and the share of steps already done.</param>
    public static IReadOnlyList<CompareResult> Measure(
        AttentionData data, IReadOnlyList<ComparedSystem> systems, int[] rows, int threads, Action<string, double> progress)
    {
        progress("exact softmax in float64", 0);
        double[] softmax = ExactRows.Compute(data, ExactForm.Softmax(DemoShape.HeadDimension), rows, threads);
        List<CompareResult> results = [];
        float[] output = new float[data.Value.Length];
        foreach (ComparedSystem system in systems)
        {
            progress(system.Name, (1.0 + results.Count) / (1 + systems.Count));
            using AttentionSystem attention = system.Create();
            FastRpb? added = system.Weights is null ? null : new FastRpb(system.Weights, data.Length, new FastRpbOptions { Heads = DemoShape.Heads });
            double seconds = Timing.MedianSeconds(() =>
            {
                attention.Forward(data.Query.AsSpan(), data.Key, data.Value, output);
                added?.AddTo(data.Shape, data.Value, output, threads: threads);
            });
            double[] exact = ExactRows.Compute(data, system.Exact, rows, threads);
            if (system.Weights is not null) ExactRows.AddProducts(data, system.Weights, rows, exact);
            results.Add(new CompareResult(
                system, seconds, attention.WorkspaceBytes, RowErrors.Of(data, output, rows, softmax), RowErrors.Of(data, output, rows, exact)));
        }

        return results;
    }
}
