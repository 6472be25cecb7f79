using FastAttn.Tests.Infrastructure;
using FsCheck;
using FsCheck.Fluent;

namespace FastAttn.Tests.Attention;

/// <summary>A random attention problem of any admissible shape and options, small enough to check whole.</summary>
public sealed record AttentionCase(int Seed, int Size)
{
    internal AttentionProblem Problem { get; } = Draw(Seed, Size);

    public override string ToString() => $"seed {Seed}, size {Size}: {Problem}";

    private static AttentionProblem Draw(int seed, int size)
    {
        var numbers = new Numbers(seed);
        bool causal = numbers.Chance(0.4);
        int queries = numbers.Between(1, 2 + (2 * size)), keys = numbers.Chance(0.4) ? queries : numbers.Between(1, 2 + (2 * size));
        int keyHeads = numbers.Between(1, 2), batch = numbers.Between(1, 2);
        bool hasBias = numbers.Chance(0.75);
        (int Height, int Width)? grid = null;
        if (hasBias && !causal && numbers.Chance(0.3))
        {
            grid = (numbers.Between(1, 1 + (size / 5)), numbers.Between(1, 1 + (size / 5)));
            queries = keys = grid.Value.Height * grid.Value.Width;
        }

        int? offset = numbers.Chance(0.4) ? numbers.Between(-2, keys + 2) : null;
        if (causal && offset is null && queries > keys) (queries, keys) = (keys, queries);
        var shape = new AttentionShape(keyHeads * numbers.Between(1, 2), queries, numbers.Between(1, 1 + (size / 2)))
        {
            Batch = batch,
            KeyHeads = keyHeads,
            KeyLength = keys,
            ValueDimension = numbers.Between(1, 1 + (size / 2)),
        };
        FeatureMap map = numbers.Pick(Enum.GetValues<FeatureMap>());
        bool projected = map is FeatureMap.Prf or FeatureMap.Trf or FeatureMap.Relu;
        AttentionProblem problem = AttentionProblem.Normal(shape, numbers.Between(0, int.MaxValue - 1)) with
        {
            Grid = grid,
            Options = new KernelizedAttentionOptions
            {
                FeatureMap = map,
                Features = projected ? numbers.Between(1, 40) : null,
                Nu = map == FeatureMap.Dpfp ? numbers.Between(1, 4) : 1,
                Seed = (ulong)numbers.Between(0, 1000),
                ProjectionKind = numbers.Pick(Enum.GetValues<ProjectionKind>()),
                Normalize = numbers.Pick<bool?>(null, true, map == FeatureMap.Trf ? null : false),
                Causal = causal,
                QueryOffset = causal ? offset : null,
                Method = hasBias ? numbers.Pick(Method.Auto, Method.Direct, Method.Fft) : numbers.Pick(Method.Auto, Method.Direct, Method.Fft, Method.Linear),
                Threads = numbers.Between(1, 3),
            },
            KeyMask = numbers.Pick(0, keys, batch * keys) is int mask and > 0 ? Flags(numbers, mask) : null,
            Lengths = numbers.Chance(0.3) ? [.. Enumerable.Range(0, batch).Select(_ => numbers.Between(0, keys))] : null,
        };
        problem = problem.WithMap(map, signed: numbers.Chance(0.3));
        if (batch > 1 && causal && numbers.Chance(0.3))
            problem = problem.With(options => options with { QueryOffset = null, QueryOffsets = [.. Enumerable.Range(0, batch).Select(sequence => (offset ?? (keys - queries)) - sequence)] });
        return hasBias ? problem with { Bias = Bias(numbers, (numbers.Chance(0.5) ? shape.Heads : 1) * problem.Offsets) } : problem;
    }

    private static bool[] Flags(Numbers numbers, int count)
    {
        double share = numbers.Pick(0.1, 0.5, 0.9);
        return [.. Enumerable.Range(0, count).Select(_ => numbers.Chance(share))];
    }

    private static float[] Bias(Numbers numbers, int count)
    {
        float[] bias = numbers.Normals(count, numbers.Pick(0.5, 1, 3));
        double removed = numbers.Pick(0, 0, 0.1, 0.9);
        for (int i = 0; i < count; i++)
        {
            if (numbers.Chance(removed)) bias[i] = float.NegativeInfinity;
        }

        return bias;
    }
}

/// <summary>Generates <see cref="AttentionCase"/>; shrinks by size.</summary>
public static class AttentionCases
{
    public static Arbitrary<AttentionCase> Any() => Arb.From(
        from seed in Gen.Choose(0, int.MaxValue - 1)
        from size in Gen.Choose(1, 60)
        select new AttentionCase(seed, size),
        failing => Enumerable.Range(1, failing.Size - 1).Select(size => new AttentionCase(failing.Seed, size)));
}
