using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>Positions and data made to break approximate or underflowing arithmetic: the contract holds all the same.</summary>
public sealed class AdversarialTests
{
    private const int Length = 1024;

    public static TheoryData<string, Method> ScenariosAndMethods() => Combinations.Of<string, Method>(
        Scenarios.Keys, [Method.Direct, Method.Fft, Method.Auto]);

    private static Dictionary<string, Func<AttentionProblem>> Scenarios { get; } = new()
    {
        ["steep ALiBi, half the keys masked"] = () => Plain().WithBias(t => -0.5 * Math.Abs(t)) with { KeyMask = Kept(j => j < Length / 2) },
        ["steep ALiBi, causal"] = () => Causal(Plain().WithBias(t => -0.5 * Math.Abs(t))),
        ["b ~ N(0, 3)"] = () => Plain().WithNormalBias(3, 11),
        ["b ~ N(0, 3), causal"] = () => Causal(Plain().WithNormalBias(3, 11)),
        ["one spike of 40"] = () => Plain().WithBias(t => t == 300 ? 40 : 0),
        ["spikes up and down"] = () => Plain().WithBias(t => t % 101 == 0 ? 25 : t % 103 == 0 ? -60 : 0),
        ["everything at -1e30 but one diagonal"] = () => Plain().WithBias(t => t == 0 ? 0 : -1e30),
        ["a band, -inf outside"] = () => Plain().WithBias(t => Math.Abs(t) <= 8 ? 0 : double.NegativeInfinity),
        ["-inf on odd offsets"] = () => Plain().WithNormalBias(1, 12) is var p ? p with { Bias = [.. p.Bias!.Select((b, i) => i % 2 == 1 ? float.NegativeInfinity : b)] } : p,
        ["rows that see no key"] = () => Plain().WithBias(t => t >= 700 ? 0 : double.NegativeInfinity),
        ["nothing visible at all"] = () => Plain().WithBias(_ => double.NegativeInfinity),
        ["heavy tails, PRF not normalised"] = () => HeavyTails(Plain()).With(options => options with { Normalize = false }),
        ["heavy tails, SIKF"] = () => HeavyTails(Plain()).With(options => options with { FeatureMap = FeatureMap.Sikf, Features = null }),
        ["heavy tails, ReLU"] = () => HeavyTails(Plain()).With(options => options with { FeatureMap = FeatureMap.Relu }),
        ["loud masked keys"] = () => Plain() is var p ? Loud(p, j => j % 3 == 0, 1e15f) with { KeyMask = Kept(j => j % 3 != 0) } : p,
        ["masked keys of NaN and infinity"] = () => Plain() is var p ? Loud(p, j => j % 3 == 0, float.NaN, float.PositiveInfinity) with { KeyMask = Kept(j => j % 3 != 0) } : p,
        ["loud keys after the length"] = () => Plain() is var p ? Loud(p, j => j >= 40, 1e18f, float.NegativeInfinity) with { Lengths = [40] } : p,
        ["long padding under a bias that falls"] = () => Plain().WithBias(t => -0.05 * Math.Abs(t)) with { Lengths = [20] },
        ["first causal rows, loud future"] = () => Loud(Causal(Plain().WithNormalBias(0.5, 13)), j => j > 100, 1e12f),
        ["zero queries and keys"] = () => Zeros(Plain().WithNormalBias(0.5, 14)),
        ["all of 1e20, normalised"] = () => Scaled(Plain().WithNormalBias(0.5, 15), 1e20f, 1e20f),
        ["all of 1e20, TRF"] = () => Scaled(Plain().WithNormalBias(0.5, 15), 1e20f, 1e20f).With(options => options with { FeatureMap = FeatureMap.Trf }),
        ["all of 1e20, ELU"] = () => Scaled(Plain().WithNormalBias(0.5, 15), 1e20f, 1e20f).With(options => options with { FeatureMap = FeatureMap.Elu, Features = null }),
        ["all of 1e20, ReLU"] = () => Scaled(Plain().WithNormalBias(0.5, 15), 1e20f, 1e20f).With(options => options with { FeatureMap = FeatureMap.Relu }),
        ["all of 1e20, SIKF"] = () => Scaled(Plain().WithNormalBias(0.5, 15), 1e20f, 1e20f).With(options => options with { FeatureMap = FeatureMap.Sikf, Features = null }),
        ["values of 1e37"] = () => Scaled(Plain().WithNormalBias(0.5, 16), 1, 1e37f),
        ["values of 1e-30"] = () => Scaled(Plain().WithNormalBias(0.5, 17), 1, 1e-30f),
        ["queries and keys of 1e-30"] = () => Scaled(Plain().WithNormalBias(0.5, 17), 1e-30f, 1),
        ["one loud value among quiet ones"] = () => Plain().WithNormalBias(0.5, 18) is var p ? p with { Value = [.. p.Value.Select((v, i) => i / p.Shape.ValueDimension == 77 ? v * 1e6f : v)] } : p,
        ["bias of 80 everywhere"] = () => Plain().WithBias(_ => 80),
        ["bias of 1e30 everywhere"] = () => Plain().WithBias(_ => 1e30),
        ["a feature quiet beyond its own square, alone in some queries"] = () => QuietFeature(Plain().WithNormalBias(0.5, 22)),
        ["T5-like buckets"] = () => Plain().WithBias(t => Math.Sin(Math.Log(1 + Math.Abs(t)) * 3) + (t > 0 ? 0.3 : 0)),
    };

    [Theory]
    [MemberData(nameof(ScenariosAndMethods))]
    public void TheContractHolds(string scenario, Method method)
    {
        AttentionProblem problem = Scenarios[scenario]();
        Contract.Holds(problem.By(method));
    }

    /// <summary>A sample that takes seconds: what tests/faults runs.</summary>
    [Theory]
    [InlineData("steep ALiBi, half the keys masked")]
    [InlineData("b ~ N(0, 3)")]
    [InlineData("heavy tails, SIKF")]
    [InlineData("loud masked keys")]
    [InlineData("values of 1e37")]
    [InlineData("first causal rows, loud future")]
    [InlineData("a feature quiet beyond its own square, alone in some queries")]
    public void SomeRowsOfSomeScenarios(string scenario) =>
        Contract.Holds(Scenarios[scenario]().By(Method.Fft), row => row < 3 || row % 61 == 0);

    [Fact]
    public void SomeRowsOfALongSequenceByTheLinearMethod() =>
        Contract.Holds(
            AttentionProblem.Normal(new AttentionShape(1, 5000, 8), 5).With(options => options with { Features = 8, Method = Method.Linear, Causal = true }),
            row => row % 499 == 0);

    [Fact]
    public void WithoutPositionsTheContractHoldsByTheLinearMethod()
    {
        foreach (bool causal in new[] { false, true })
        {
            AttentionProblem plain = Plain().With(options => options with { Causal = causal, Method = Method.Linear });
            Contract.Holds(plain);
            Contract.Holds(HeavyTails(plain).With(options => options with { Normalize = false }));
            Contract.Holds(HeavyTails(plain).With(options => options with { FeatureMap = FeatureMap.Sikf, Features = null }));
            Contract.Holds(Loud(plain, j => j % 3 == 0, 1e15f) with { KeyMask = Kept(j => j % 3 != 0) });
            Contract.Holds(Loud(plain, j => j % 3 == 0, float.NaN) with { KeyMask = Kept(j => j % 3 != 0) });
            Contract.Holds(Scaled(plain, 1e20f, 1e20f));
            Contract.Holds(Loud(plain, j => j > 100, 1e12f));
            Contract.Holds(plain with { Lengths = [0] });
        }
    }

    [Theory]
    [InlineData("b ~ N(0, 0.5)", 1024)]
    [InlineData("b ~ N(0, 0.5)", 2048)]
    [InlineData("T5", 1024)]
    [InlineData("T5", 4096)]
    public void OrdinaryPositionsNeedFewRepairs(string positions, int length)
    {
        var shape = new AttentionShape(4, length, 64);
        AttentionProblem problem = AttentionProblem.Normal(shape, length).By(Method.Fft);
        problem = positions == "T5"
            ? problem.WithBias(t => new Numbers(T5Bucket(t)).Normal())
            : problem.WithNormalBias(0.5, 21, perHead: true);
        AttentionRun run = Contract.Holds(problem, row => row % 211 == 0);
        Assert.Equal(Method.Fft, run.Report.Method);
        Assert.Equal(0, run.Report.FallbackHeads);
        Assert.InRange(run.Report.RepairedRows, 0, shape.Heads * length / 50);
    }

    [Fact]
    public void RepairedRowsAreCounted()
    {
        // The first causal rows see a handful of keys: the error bound, made of all keys, is large beside their denominators.
        AttentionRun run = Contract.Holds(Causal(Plain().WithNormalBias(0.5, 20)).By(Method.Fft));
        Assert.InRange(run.Report.RepairedRows, 1, Length / 10);
        Assert.Equal(Method.Fft, run.Report.Method);
    }

    [Fact]
    public void AHeadThatWouldNeedTooManyRepairsIsComputedDirectly()
    {
        AttentionRun run = Contract.Holds(Plain().WithNormalBias(6, 19).By(Method.Fft));
        Assert.Equal(1, run.Report.FallbackHeads);
        Assert.Equal(Method.Direct, run.Report.Method);
    }

    /// <summary>T5's bucket of a relative position: 32 buckets, half for each sign, exact below 8, logarithmic to 128.</summary>
    private static int T5Bucket(int t)
    {
        int sign = t > 0 ? 16 : 0, distance = Math.Abs(t);
        return sign + (distance < 8 ? distance : Math.Min(15, 8 + (int)(Math.Log(distance / 8.0) / Math.Log(128.0 / 8) * 8)));
    }

    private static AttentionProblem Plain() =>
        AttentionProblem.Normal(new AttentionShape(1, Length, 16) { ValueDimension = 9 }, 3)
            .With(options => options with { Features = 32 });

    private static AttentionProblem Causal(AttentionProblem problem) => problem.With(options => options with { Causal = true });

    private static bool[] Kept(Func<int, bool> isKept) => [.. Enumerable.Range(0, Length).Select(isKept)];

    private static AttentionProblem Loud(AttentionProblem problem, Func<int, bool> isLoud, params float[] loudness)
    {
        float[] Loudened(float[] rows, int columns) =>
            [.. rows.Select((x, i) => isLoud(i / columns) ? loudness[i % loudness.Length] * (float.IsFinite(loudness[0]) ? Math.Sign(x) : 1) : x)];

        return problem with
        {
            Key = Loudened(problem.Key, problem.Shape.HeadDimension),
            Value = Loudened(problem.Value, problem.Shape.ValueDimension),
        };
    }

    private static AttentionProblem HeavyTails(AttentionProblem problem)
    {
        var numbers = new Numbers(99);
        float[] Stretched(float[] rows, int columns)
        {
            float[] factors = [.. Enumerable.Range(0, rows.Length / columns).Select(_ => (float)Math.Min(6, Math.Exp(1.2 * numbers.Normal())))];
            return [.. rows.Select((x, i) => x * factors[i / columns])];
        }

        return problem with
        {
            Query = Stretched(problem.Query, problem.Shape.HeadDimension),
            Key = Stretched(problem.Key, problem.Shape.HeadDimension),
        };
    }

    /// <summary>SIKF, feature 3 of every key near e⁻⁶⁰ and feature 2 near one; some queries have nothing but feature 3.</summary>
    private static AttentionProblem QuietFeature(AttentionProblem problem)
    {
        int columns = problem.Shape.HeadDimension;
        return problem.With(options => options with { FeatureMap = FeatureMap.Sikf, Features = null }) with
        {
            Query = [.. problem.Query.Select((x, i) => i / columns % 61 == 0 && i % columns != 3 ? -200 : x)],
            Key = [.. problem.Key.Select((x, i) => i % columns == 3 ? x - 60 : x)],
        };
    }

    private static AttentionProblem Zeros(AttentionProblem problem) => problem with
    {
        Query = [.. problem.Query.Select((x, i) => i / problem.Shape.HeadDimension % 5 == 0 ? 0 : x)],
        Key = [.. problem.Key.Select((x, i) => i / problem.Shape.HeadDimension % 7 < 3 ? 0 : x)],
    };

    private static AttentionProblem Scaled(AttentionProblem problem, float queryAndKey, float value) => problem with
    {
        Query = [.. problem.Query.Select(x => x * queryAndKey)],
        Key = [.. problem.Key.Select(x => x * queryAndKey)],
        Value = [.. problem.Value.Select(x => x * value)],
    };
}
