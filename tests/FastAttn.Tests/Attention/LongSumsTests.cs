using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>
/// Sums over many keys do not drift. Keys that are all alike show it best: every addition to a float32 sum then errs the same way. Values are all
/// alike too, so that whatever keys weigh, every row is that value.
/// </summary>
public sealed class LongSumsTests
{
    private const int Queries = 64, Columns = 6;

    /// <summary>What direct sums of alike terms may be off by: 3/8 of their length, 82 + 22 at AVX-512 and 82 + 68 at most, in units of 2⁻²⁴.</summary>
    private const double Drift = 3.5e-6;

    public static TheoryData<Method, int, bool> MethodsAndLengths() => Combinations.Of<Method, int, bool>(
        [Method.Direct, Method.Fft, Method.Linear, Method.Band, Method.Decay, Method.Multipole], [512, 2048, 16_384, 65_536], [false, true]);

    [Theory]
    [MemberData(nameof(MethodsAndLengths))]
    [InlineData(Method.Direct, 1 << 20, false)]
    [InlineData(Method.Linear, 1 << 20, true)]
    public void KeysThatAreAllAlike(Method method, int keys, bool causal) => Check(method, keys, causal, 1e-4f, Drift, repairs: false);

    [Theory]
    [InlineData(Method.Direct, 4096)]
    [InlineData(Method.Linear, 4096)]
    [InlineData(Method.Band, 4096)]
    public void TheSmallestToleranceIsKept(Method method, int keys) => Check(method, keys, false, 1e-6f, 1e-6, repairs: method != Method.Direct);

    /// <summary>
    /// One key that outweighs all others together, each a little more than half a unit of its weight: every addition rounds up. Its value is the
    /// opposite of theirs, so that numerator and denominator do not err alike.
    /// </summary>
    [Theory]
    [InlineData(1e-6f)]
    [InlineData(1e-5f)]
    public void OneLoudKeyAmongQuietOnes(float tolerance)
    {
        var shape = new AttentionShape(1, Queries, 8) { KeyLength = 1024, ValueDimension = Columns };
        AttentionProblem problem = Alike(shape).WithBias(t => t % 64 == 0 ? 0 : -16.54)
            .With(options => options with { Features = 16, Method = Method.Direct, Tolerance = tolerance });
        for (int i = 0; i < problem.Value.Length; i++) problem.Value[i] *= i / Columns % 64 == 0 ? -1 : 1;
        Contract.Holds(problem);
    }

    [Theory]
    [InlineData("softmax")]
    [InlineData("gaussian")]
    [InlineData("skyformer")]
    public void AMillionKeysOfExactAttention(string system)
    {
        const int Keys = 1 << 20;
        var shape = new AttentionShape(1, Queries, 8) { KeyLength = Keys, ValueDimension = Columns };
        AttentionProblem problem = Alike(shape);

        // The Gaussian kernel has no denominator, so values are a millionth part, and queries are keys, which all weigh one.
        bool averages = system == "softmax";
        for (int i = 0; i < problem.Query.Length && !averages; i++) problem.Query[i] = problem.Key[i % shape.HeadDimension];
        using AttentionSystem attention = system switch
        {
            "softmax" => new SoftmaxAttention(shape, new SoftmaxAttentionOptions()),
            "gaussian" => new GaussianAttention(shape, new GaussianAttentionOptions()),
            _ => new SkyformerAttention(shape, new SkyformerOptions { Landmarks = 1, Gamma = 0 }),
        };
        var output = new float[Queries * Columns];
        attention.Forward(problem.Query, problem.Key, problem.Value, output);
        for (int i = 0; i < output.Length; i++)
            Assert.InRange(output[i] / ((double)problem.Value[i % Columns] * (averages ? 1 : Keys)), 1 - Rounding, 1 + Rounding);
    }

    /// <summary>After 1500 keys all others score e⁷ times as much: the reference rises within the second part, and the first one's totals follow.</summary>
    [Fact]
    public void ScoresThatRiseFromPartToPart()
    {
        const int Keys = 3000, Quiet = 1500;
        var shape = new AttentionShape(1, 2, 1) { KeyLength = Keys };
        using var attention = new SoftmaxAttention(shape, new SoftmaxAttentionOptions { Scale = 1 });
        float[] key = [.. Enumerable.Range(0, Keys).Select(j => j < Quiet ? 0f : 7f)], value = [.. key.Select(k => k == 0 ? 1000f : 1f)], output = new float[2];
        attention.Forward([1, 1], key, value, output);
        double expected = (1000 + Math.Exp(7)) / (1 + Math.Exp(7));
        Assert.All(output, z => Assert.Equal(expected, z, 1000 * Rounding));
    }

    /// <summary>What <see cref="SoftmaxAttention"/> states for any tier.</summary>
    private const double Rounding = 2.1e-5;

    private static void Check(Method method, int keys, bool causal, float tolerance, double most, bool repairs)
    {
        var shape = new AttentionShape(1, Queries, 8) { KeyLength = keys, ValueDimension = Columns };
        AttentionProblem problem = Alike(shape).With(options => options with { Features = 16, Causal = causal, Method = method, Tolerance = tolerance });
        RelativePosition? position = method switch
        {
            Method.Linear => null,
            Method.Decay => RelativePosition.Alibi([1e-5f]),
            Method.Multipole => RelativePosition.KerpleLog([0.1f], [0.01f]),
            _ => RelativePosition.Clipped([0, 0, 0]),
        };
        using var attention = new KernelizedAttention(shape, problem.Options, position);
        AttentionRun run = problem.Run(attention);
        Assert.Equal(repairs, run.Report.RepairedRows > 0 || run.Report.FallbackHeads > 0);
        for (int i = 0; i < run.Output.Length; i++) Assert.InRange(run.Output[i] / (double)problem.Value[i % Columns], 1 - most, 1 + most);
    }

    /// <summary>Every key is the first one, and every value row is the first one.</summary>
    private static AttentionProblem Alike(AttentionShape shape)
    {
        AttentionProblem problem = AttentionProblem.Normal(shape, 1);
        for (int i = shape.HeadDimension; i < problem.Key.Length; i++) problem.Key[i] = problem.Key[i - shape.HeadDimension];
        for (int i = 0; i < shape.ValueDimension; i++) problem.Value[i] = Math.Abs(problem.Value[i]) + 0.1f;
        for (int i = shape.ValueDimension; i < problem.Value.Length; i++) problem.Value[i] = problem.Value[i - shape.ValueDimension];
        return problem;
    }
}
