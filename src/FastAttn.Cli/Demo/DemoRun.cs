namespace FastAttn.Cli.Demo;

/// <summary>Runs and checks every method at one length.</summary>
internal static class DemoRun
{
    /// <summary>Measures softmax attention, each admissible method and the planner's choice.</summary>
    /// <param name="data">The inputs.</param>
    /// <param name="threads">Threads of every call.</param>
    /// <param name="progress">Told, before each step, what it is and the share of steps already done.</param>
    public static DemoResult Measure(AttentionData data, int threads, Action<string, double> progress)
    {
        AttentionShape shape = data.Shape;
        RelativePosition position = RelativePosition.Dense(data.Bias, data.Length, data.Length, DemoShape.Heads);
        RandomProjection projection = RandomProjection.Create(DemoShape.Features, DemoShape.HeadDimension);
        KernelizedAttentionOptions options = new() { Projection = projection, Threads = threads };

        ExecutionPlan plan = ExecutionPlan.Create(shape, options);
        Method[] methods = [.. plan.Candidates.Where(candidate => candidate.Admissible).Select(candidate => candidate.Method).Order(), Method.Auto];
        double steps = 2 + methods.Length;

        progress("float64 reference", 0);
        int[] rows = DemoShape.RowsToCheck(data.Length);
        double[] expected = new Float64Reference(data, projection, threads).Compute(rows);

        progress("softmax", 1 / steps);
        float[] output = new float[data.Value.Length];
        using SoftmaxAttention softmax = new(shape, new SoftmaxAttentionOptions { Threads = threads }, position);
        double softmaxSeconds = Timing.MedianSeconds(() => softmax.Forward(data.Query, data.Key, data.Value, output));

        List<DemoMethodResult> results = [];
        foreach (Method method in methods)
        {
            progress(Words.Of(method), (2 + results.Count) / steps);
            using KernelizedAttention attention = new(shape, options with { Method = method }, position);
            ForwardReport report = default;
            double seconds = Timing.MedianSeconds(() => report = attention.Forward(data.Query, data.Key, data.Value, output));
            results.Add(new DemoMethodResult(method, report, seconds, WorstError(data, output, rows, expected)));
        }

        return new DemoResult(data.Length, softmaxSeconds, plan.Method, plan.Reason, results);
    }

    /// <summary>The worst checked row: ‖z − expected‖₂ as a share of the largest ‖v‖₂ of its head. NaN if any row is.</summary>
    internal static double WorstError(AttentionData data, float[] output, int[] rows, double[] expected)
    {
        const int columns = DemoShape.HeadDimension;
        double[] origin = new double[columns];
        double worst = 0;
        for (int head = 0; head < DemoShape.Heads; head++)
        {
            double largestValue = 0;
            for (int j = 0; j < data.Length; j++)
            {
                largestValue = Math.Max(largestValue, Distance(data.Value.AsSpan((head * data.Length + j) * columns, columns), origin));
            }

            for (int row = 0; row < rows.Length; row++)
            {
                double error = Distance(
                    output.AsSpan((head * data.Length + rows[row]) * columns, columns),
                    expected.AsSpan((head * rows.Length + row) * columns, columns));
                worst = Math.Max(worst, error / largestValue);
            }
        }

        return worst;
    }

    private static double Distance(ReadOnlySpan<float> row, ReadOnlySpan<double> point)
    {
        double squares = 0;
        for (int column = 0; column < row.Length; column++) squares += (row[column] - point[column]) * (row[column] - point[column]);
        return Math.Sqrt(squares);
    }
}
