using System.Runtime.InteropServices;
using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>Heads whose query, key, value and output are of 16 bits against the same in float32.</summary>
internal sealed class ElementTypes : IMeasurement
{
    private const int FeatureCount = 64;

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table(
            "Element types, d = d_v = m = 64, all tensors of one type",
            "system", "n", "float32 ms", "float16 ms", "bfloat16 ms", "float16 speed", "bfloat16 speed");
        foreach (string system in settings.IsQuick ? ["direct", "softmax"] : (string[])["direct", "fft", "linear", "softmax", "gaussian"])
        {
            foreach (int length in settings.IsQuick ? [1024] : (int[])[1024, 2048, 4096]) Measure(table, settings, system, length);
        }

        table.Note($"Speed is that of float32 over that of the type, the median of the ratios within rounds: above 1 the type is faster.");
        return table;
    }

    private static void Measure(Table table, MeasurementSettings settings, string system, int length)
    {
        var inputs = new HeadInputs(length);
        using AttentionSystem plan = system switch
        {
            "softmax" => inputs.Softmax(),
            "gaussian" => new GaussianAttention(inputs.Shape, new() { Threads = 1 }, RelativePosition.Dense(inputs.Bias, length, length)),
            _ => inputs.Plan(Words.Parse<Method>(system, nameof(system)), FeatureCount, hasPosition: system != "linear"),
        };
        Half[] q = ToHalf(inputs.Query), k = ToHalf(inputs.Key), v = ToHalf(inputs.Value), z = new Half[inputs.Output.Length];
        ushort[] upperQ = Upper(inputs.Query), upperK = Upper(inputs.Key), upperV = Upper(inputs.Value), upperZ = new ushort[z.Length];
        Rounds rounds = Rounds.Run(
            settings.RowTime, () => inputs.Run(plan), () => plan.Forward(q, k, v, z), () => Bfloat16(plan, upperQ, upperK, upperV, upperZ));
        table.Add(
            system, length, rounds.Seconds(0) * 1e3, rounds.Seconds(1) * 1e3, rounds.Seconds(2) * 1e3, rounds.Ratio(0, 1), rounds.Ratio(0, 2));
    }

    private static unsafe void Bfloat16(AttentionSystem plan, ushort[] query, ushort[] key, ushort[] value, ushort[] output)
    {
        AttentionShape s = plan.Shape;
        fixed (ushort* q = query, k = key, v = value, z = output)
        {
            plan.Forward(
                StridedTensor.Dense(q, ElementType.Bfloat16, 1, 1, s.QueryLength, s.HeadDimension),
                StridedTensor.Dense(k, ElementType.Bfloat16, 1, 1, s.KeyLength, s.HeadDimension),
                StridedTensor.Dense(v, ElementType.Bfloat16, 1, 1, s.KeyLength, s.ValueDimension),
                StridedTensor.Dense(z, ElementType.Bfloat16, 1, 1, s.QueryLength, s.ValueDimension));
        }
    }

    private static Half[] ToHalf(float[] values) => Array.ConvertAll(values, value => (Half)value);

    private static ushort[] Upper(float[] values) => [.. MemoryMarshal.Cast<float, uint>(values).ToArray().Select(bits => (ushort)(bits >> 16))];
}
