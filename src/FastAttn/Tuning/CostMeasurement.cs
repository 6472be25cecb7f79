using System.Diagnostics;
using FastAttn.Costs;
using FastAttn.Methods;

namespace FastAttn.Tuning;

/// <summary>
/// Measures a cost table by whole calls of one head on one thread. What a call costs besides its method grows with the length and the
/// direct sums with its square, so two lengths tell them apart; the other methods follow by subtraction.
/// </summary>
internal sealed class CostMeasurement(Action<string, double>? progress, CancellationToken cancellation)
{
    private const int Dimension = 64;
    private const int Short = 192, Long = 2048;

    /// <summary>Runs of one step; the fastest counts, because disturbances only add.</summary>
    private const int LeastRuns = 3, MostRuns = 200;

    private static readonly TimeSpan StepTime = TimeSpan.FromSeconds(0.2);

    /// <summary>The longest transforms that are measured with all features.</summary>
    private const int LongestWhole = 1 << 14;

    private const int Steps = 5 + CostTable.FftFigures + 4;

    /// <summary>The ranks of an even decay.</summary>
    private static readonly int[] LowestRanks = [4, 4, 4, 4];

    private int _step;

    public CostTable Run()
    {
        double atShort = Seconds(Method.Direct, Short, Dimension), atLong = Seconds(Method.Direct, Long, Dimension);

        // a·n + b·n² = t at both lengths.
        double direct = ((atLong / Long) - (atShort / Short)) / (Long - Short);
        double aroundToken = Math.Max((atShort / Short) - (direct * Short), 0);
        double linear = Math.Max(Seconds(Method.Linear, Long, Dimension) - (aroundToken * Long), 1e-9);

        // An even decay leaves some eighty pairs a token to the tiles: nearly all of it are the states of two exponentials.
        double near = direct * 80 * Long;
        double tails = Math.Max(Seconds(Method.Decay, Long, Dimension) - (aroundToken * Long) - near, 1e-9);

        // The bias of that decay is smooth too, at this length with the lowest rank.
        double tree = Math.Max(Seconds(Method.Multipole, Long, Dimension) - (aroundToken * Long) - (direct * 192 * Long), 1e-9);
        var transforms = new double[CostTable.FftFigures];
        for (int index = 0; index < transforms.Length; index++)
        {
            int length = 1 << (CostTable.FirstLog2 + index);
            transforms[index] = (length <= LongestWhole ? Transforms(length, Dimension, 0) : Transforms(length, Features(length), Features(length) / 2)) * 1e9;
        }

        return new CostTable
        {
            DirectGflops = Operations.Direct(1, Dimension, Dimension) / direct / 1e9,
            LinearGflops = Operations.State(2 * Long, Dimension, Dimension) / linear / 1e9,
            AroundNanoseconds = Math.Max(aroundToken * 1e9 / (2 * Dimension), 1e-3),
            TailGflops = 2 * TailsDescriptor.TermOperations(Long, Long, Dimension, Dimension) / tails / 1e9,
            MultipoleGflops = MultipoleDescriptor.TreeOperations(Long, Long, LowestRanks, Dimension, Dimension) / tree / 1e9,
            FftNanoseconds = transforms,
        };

        // Long transforms cost the same for each pair of features: a few are enough.
        static int Features(int length) => Math.Max(Dimension / (length / LongestWhole), 8);

        // Seconds a point: all that the features cost, or what more of them cost than fewer, without what a call does once whatever their number.
        double Transforms(int length, int features, int fewer)
        {
            double seconds = Seconds(Method.Fft, length, features) - (fewer > 0 ? Seconds(Method.Fft, length, fewer) : 0);
            seconds -= aroundToken * length * (features - fewer) / Dimension;
            double transforms = FftDescriptor.Transforms(features, Dimension) - (fewer > 0 ? FftDescriptor.Transforms(fewer, Dimension) : 0);
            return Math.Max(seconds, 1e-9) / (transforms * length);
        }
    }

    /// <summary>The fastest of some runs of one head.</summary>
    private double Seconds(Method method, int length, int features)
    {
        cancellation.ThrowIfCancellationRequested();
        progress?.Invoke(Invariant($"{Words.Of(method)}, length {length}"), (double)_step++ / Steps);
        var random = new Random(1);
        float[] rows = Numbers(random, length * Dimension, 1), output = new float[rows.Length];
        float[] bias = method is Method.Decay or Method.Multipole
            ? [.. Enumerable.Range(1 - length, (2 * length) - 1).Select(t => -Math.Abs(t) / (float)length)]
            : Numbers(random, (2 * length) - 1, 0.5);
        RelativePosition? position = method == Method.Linear ? null : RelativePosition.Dense(bias, length, length);
        using var attention = new KernelizedAttention(
            new AttentionShape(1, length, Dimension), new KernelizedAttentionOptions { Method = method, Features = features, Threads = 1 }, position);
        double fastest = double.PositiveInfinity;
        long start = Stopwatch.GetTimestamp();
        for (int run = 0; run < MostRuns && (run < LeastRuns || Stopwatch.GetElapsedTime(start) < StepTime); run++)
        {
            long before = Stopwatch.GetTimestamp();
            attention.Forward(rows.AsSpan(), rows, rows, output);
            fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(before).TotalSeconds);
        }

        return fastest;
    }

    private static float[] Numbers(Random random, int count, double size)
    {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) numbers[i] = (float)(size * ((2 * random.NextDouble()) - 1));
        return numbers;
    }
}
