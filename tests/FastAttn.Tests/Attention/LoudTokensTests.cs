using FastAttn.Memory;
using FastAttn.Methods;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>
/// Few tokens a thousand times as loud as the others, or many orders of magnitude: they must not drown rows that see them from afar or
/// not at all.
/// </summary>
public sealed class LoudTokensTests
{
    /// <summary>Odd, and a sixteenth of it is more than 64 and less than 200.</summary>
    private const int Length = 1531;

    public enum Place
    {
        First,
        Middle,
        Last,
        Scattered,
    }

    public enum What
    {
        Values,
        Keys,
        Both,
    }

    public static TheoryData<Method, bool, What> Cases() => Combinations.Of<Method, bool, What>(
        [Method.Direct, Method.Fft, Method.Linear, Method.Band, Method.Decay, Method.Multipole], [false, true], [What.Values, What.Keys, What.Both]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void FewOfThemCostNoFallback(Method method, bool causal, What what)
    {
        AttentionProblem ordinary = Problem(method, causal, Length);
        long repairs = ordinary.Run().Report.RepairedRows;
        foreach ((int count, Place place, float loudness) in (ReadOnlySpan<(int, Place, float)>)
        [
            (1, Place.Middle, 1e3f), (1, Place.First, 1e30f), (1, Place.Last, 1e30f), (7, Place.Scattered, 1e12f), (64, Place.Last, 1e5f),
            (64, Place.Scattered, 1e3f), (64, Place.Scattered, 1e22f),
        ])
        {
            AttentionProblem problem = Loud(ordinary, what, count, place, _ => loudness);
            AttentionRun run = Contract.Holds(problem, row => row < 4 || row > Length - 4 || row % 97 == 0 || Math.Abs(row - (Length / 2)) < 3);
            string why = $"{count} {place} {loudness}: {run.Report}";
            Assert.True(run.Report.FallbackHeads == 0, why);
            Assert.True(run.Report.RepairedRows <= repairs + 16, why);
        }
    }

    [Theory]
    [InlineData(65)]
    [InlineData(200)]
    public void MoreOfThemKeepTheContract(int count)
    {
        foreach (What what in Enum.GetValues<What>())
        {
            foreach (float loudness in (float[])[1e3f, 1e30f])
                Contract.Holds(Loud(Problem(Method.Fft, causal: true, Length), what, count, Place.Scattered, _ => loudness), row => row % 89 == 0);
        }
    }

    /// <summary>From a thousand to 10³⁰ in one head: rows in between see some of them.</summary>
    [Theory]
    [InlineData(Method.Direct)]
    [InlineData(Method.Fft)]
    public void AllKindsOfLoudnessTogether(Method method)
    {
        AttentionProblem ordinary = Problem(method, causal: true, Length);
        AttentionProblem problem = Loud(ordinary, What.Values, 50, Place.Scattered, i => MathF.Pow(10, 3 + (i * 17 % 50 * 27 / 49f)));
        AttentionRun run = Contract.Holds(problem, row => row % 31 == 0);
        Assert.Equal(0, run.Report.FallbackHeads);
        Assert.InRange(run.Report.RepairedRows, 0, 40);
    }

    public static TheoryData<string, Method> Shapes() => Combinations.Of<string, Method>(
        ["more keys", "more queries", "gaps", "masked", "not finite", "signed", "grid", "normalised"], [Method.Fft, Method.Direct]);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void EveryShape(string name, Method method)
    {
        AttentionProblem problem = name switch
        {
            "more keys" =>
                Of(new AttentionShape(1, 300, 8) { KeyLength = 1100, ValueDimension = 33 }, causal: true).With(options => options with { QueryOffset = 700 }),
            "more queries" => Of(new AttentionShape(2, 1100, 8) { KeyLength = 513, ValueDimension = 1 }, causal: false),
            "grid" => AttentionProblem.OnGrid(24, 31, (dy, dx) => Math.Sin((3 * dy) + dx), seed: 5).With(options => options with { FeatureMap = FeatureMap.Elu }),
            "signed" => Of(new AttentionShape(1, 700, 8), causal: false).With(options => options with { FeatureMap = FeatureMap.Trf, Features = 64 }),
            "normalised" => Of(new AttentionShape(1, 700, 8), causal: true).With(options => options with { FeatureMap = FeatureMap.Prf, Features = 24 }),
            _ => Of(new AttentionShape(1, 701, 8), causal: true),
        };
        foreach ((int count, Place place, float loudness) in (ReadOnlySpan<(int, Place, float)>)[(1, Place.Middle, 1e25f), (20, Place.Scattered, 1e4f)])
        {
            AttentionProblem loud = Loud(problem, name == "signed" ? What.Values : What.Both, count, place, _ => loudness);
            loud = name switch
            {
                "gaps" => loud with { Bias = [.. loud.Bias!.Select((b, t) => t % 3 == 0 ? float.NegativeInfinity : b)] },
                "masked" => loud with { KeyMask = [.. Enumerable.Range(0, loud.Shape.KeyLength).Select(j => j % 5 != 0)] },
                "not finite" => loud with
                {
                    Value = [.. loud.Value.Select((x, i) => i == 350 * 8 ? float.NaN : x)],
                    Key = [.. loud.Key.Select((x, i) => i == 500 * 8 ? float.PositiveInfinity : x)],
                },
                _ => loud,
            };
            Contract.Holds(loud.By(method), row => row < 3 || row % 37 == 0);
        }

        static AttentionProblem Of(AttentionShape shape, bool causal) =>
            AttentionProblem.Normal(shape, seed: 33).WithNormalBias(0.5, seed: 34).With(options => options with { FeatureMap = FeatureMap.Elu, Causal = causal });
    }

    [Theory]
    [InlineData(Method.Fft)]
    [InlineData(Method.Decay)]
    public void ThreadsDoNotChangeABit(Method method)
    {
        AttentionProblem problem = Loud(Problem(method, causal: true, Length), What.Both, 9, Place.Scattered, i => 1e4f * (i + 1));
        float[] one = problem.With(options => options with { Threads = 1 }).Run().Output;
        foreach (int threads in (int[])[2, 3]) Assert.Equal(one, problem.With(options => options with { Threads = threads }).Run().Output);
    }

    /// <summary>A head without loud tokens is computed as it was: no token is taken out for values that vary as usual.</summary>
    [Fact]
    public unsafe void OrdinaryHeadsHaveNone()
    {
        foreach (double deviation in (double[])[0, 0.5])
        {
            foreach (int n in (int[])[7, 64, 1000, 20_000])
            {
                var numbers = new Numbers(n);
                double[] scales = [.. numbers.Normals(n, deviation)], norms = [.. numbers.Normals(n).Select(Math.Abs)];
                Assert.Empty(Taken(scales, norms));
                if (n < 1000) continue;
                norms[n / 2] = 1e6;
                scales[n / 3] = 20;
                Assert.Equal([n / 3, n / 2], Taken(scales, norms));
                Assert.Equal((double.NegativeInfinity, 0), (scales[n / 3], norms[n / 2]));
            }
        }

        static int[] Taken(double[] scales, double[] norms)
        {
            byte[] bytes = GC.AllocateArray<byte>((scales.Length * 8) + 64, pinned: true);
            var taken = new LoudToken[LoudChoice.Most(scales.Length)];
            fixed (double* scale = scales, norm = norms)
            fixed (byte* start = bytes)
            fixed (LoudToken* token = taken)
            {
                var arena = new Arena(start, bytes.Length);
                return [.. taken[..LoudChoice.TakeOut(scale, norm, scales.Length, 4, 4, token, ref arena)].Select(loud => loud.Token)];
            }
        }
    }

    private static AttentionProblem Problem(Method method, bool causal, int length)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, length, 8) { ValueDimension = 5 }, seed: 31)
            .With(options => options with { FeatureMap = FeatureMap.Elu, Causal = causal });
        return method switch
        {
            Method.Linear => problem.By(method),
            Method.Band => problem.With("clipped", method)!,
            Method.Decay => problem.With("alibi", method)!,
            Method.Multipole => problem.With("power", method)!,
            _ => problem.WithNormalBias(0.5, seed: 32).By(method),
        };
    }

    /// <summary>The same problem with <paramref name="count"/> tokens multiplied, the i-th by <paramref name="loudness"/> of i.</summary>
    private static AttentionProblem Loud(AttentionProblem problem, What what, int count, Place place, Func<int, float> loudness)
    {
        int keys = problem.Shape.KeyLength;
        var factors = new float[keys];
        Array.Fill(factors, 1);
        for (int i = 0; i < count; i++)
        {
            int token = place switch
            {
                Place.First => i,
                Place.Middle => ((keys - count) / 2) + i,
                Place.Last => keys - 1 - i,
                _ => (int)(((2L * i) + 1) * keys / (2 * count)),
            };
            factors[token] = loudness(i);
        }

        return problem with
        {
            Value = what == What.Keys ? problem.Value : Scaled(problem.Value),
            Key = what == What.Values ? problem.Key : Scaled(problem.Key),
        };

        float[] Scaled(float[] rows) => [.. rows.Select((x, i) => x * factors[i / (rows.Length / keys)])];
    }
}
