using System.Globalization;
using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;
using FastAttn.Kernels;

namespace FastAttn.Bench.Measurements;

/// <summary>The figures of the planner's cost table: each method alone, packing included, feature stage apart.</summary>
internal sealed class Costs : IMeasurement
{
    private const int ValueDimension = 64;

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table("What methods cost", "method", "n", "m", "ms", "figure", "unit");
        double direct = Median([.. from m in (int[])[32, 64, 128] from n in (int[])[1024, 2048] select Products(table, settings, Method.Direct, n, m, causal: false)]);
        Products(table, settings, Method.Direct, 512, 64, causal: false);
        Products(table, settings, Method.Direct, 2048, 64, causal: true);
        double linear = Median([.. ((int[])[32, 64, 128]).Select(m => Products(table, settings, Method.Linear, 4096, m, causal: false))]);
        Products(table, settings, Method.Linear, 4096, 64, causal: true);
        double tokens = TokenNanoseconds(table, settings);
        var lists = new List<string>();
        foreach (int odd in (int[])[1, 3, 5])
        {
            var figures = new List<double>();
            for (int length = 64; length <= (settings.IsQuick ? 4096 : 1 << 18); length *= 2) figures.Add(Transforms(table, settings, length / 4 * OddQuarters(odd)));
            lists.Add($"[{string.Join(", ", figures.Select(Figure))}]");
        }

        table.Note($"CostTable: new({direct:0}, {linear:0}, {Figure(tokens)}, {string.Join(", ", lists)})");
        return table;
    }

    /// <summary>4·2^a, 3·2^a and 5·2^a of about one size.</summary>
    private static int OddQuarters(int odd) => odd == 1 ? 4 : odd;

    private static string Figure(double value) => value.ToString(value >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture);

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }

    /// <summary>GFLOP/s by the planner's count of operations.</summary>
    private static double Products(Table table, MeasurementSettings settings, Method method, int length, int features, bool causal)
    {
        using MethodCase run = MethodCase.Random(method, length, features, ValueDimension, causal);
        double seconds = Rounds.Run(settings.RowTime, () => run.Compute()).Seconds(0);
        double pairs = causal ? length * (length + 1.0) / 2 : (double)length * length;
        double operations = method == Method.Linear ? 4.0 * length * features * (ValueDimension + 1) : 2 * pairs * (features + ValueDimension + 1);
        table.Add(Words.Of(method) + (causal ? " causal" : ""), length, features, seconds * 1e3, operations / seconds / 1e9, "GFLOP/s");
        return operations / seconds / 1e9;
    }

    /// <summary>What a call does besides its method, per token and feature: features, norms, certificate, division.</summary>
    private static double TokenNanoseconds(Table table, MeasurementSettings settings)
    {
        const int Length = 2048, FeatureCount = 64;
        var inputs = new HeadInputs(Length);
        using KernelizedAttention plan = inputs.Plan(Method.Linear, FeatureCount, hasPosition: false);
        using MethodCase run = MethodCase.Random(Method.Linear, Length, FeatureCount, ValueDimension);
        Rounds rounds = Rounds.Run(settings.RowTime, () => inputs.Run(plan), () => run.Compute());
        double seconds = rounds.Seconds(0) - rounds.Seconds(1), nanoseconds = seconds * 1e9 / (2.0 * Length * FeatureCount);
        table.Add("around any", Length, FeatureCount, seconds * 1e3, nanoseconds, "ns a token and feature");
        return nanoseconds;
    }

    /// <summary>Nanoseconds per point for two features and one vector of value columns, by the planner's count of transforms.</summary>
    private static double Transforms(Table table, MeasurementSettings settings, int length)
    {
        int features = length < 1 << 17 ? 64 : 32;
        using MethodCase run = MethodCase.Random(Method.Fft, length, features, ValueDimension);
        double seconds = Rounds.Run(settings.RowTime, () => run.Compute()).Seconds(0);
        double transforms = features / 2.0 * ((ValueDimension + 2.0) / Tiers.Lanes);
        double nanoseconds = seconds * 1e9 / (transforms * length);
        table.Add("fft", length, features, seconds * 1e3, nanoseconds, "ns a point");
        return nanoseconds;
    }
}
