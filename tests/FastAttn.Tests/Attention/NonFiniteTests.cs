using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>
/// A non-finite query row poisons its own output row; a key row every output row that depends on it; a value entry its column of
/// those rows; nothing else changes. Dependence is structural: a weight that underflows still carries NaN.
/// </summary>
public sealed class NonFiniteTests
{
    private static readonly float[] NotNumbers = [float.NaN, float.PositiveInfinity, float.NegativeInfinity];

    public static TheoryData<Method, FeatureMap, bool> Everything() => Combinations.Of<Method, FeatureMap, bool>(
        [Method.Direct, Method.Fft, Method.Linear], Enum.GetValues<FeatureMap>(), [false, true]);

    [Theory]
    [MemberData(nameof(Everything))]
    public void AQueryRowPoisonsItself(Method method, FeatureMap map, bool causal) =>
        Check(method, map, causal, 3, (problem, at) => problem.Query[at % problem.Query.Length] = NotNumbers[at % 3]);

    [Theory]
    [MemberData(nameof(Everything))]
    public void AKeyRowPoisonsWhatDependsOnIt(Method method, FeatureMap map, bool causal) =>
        Check(method, map, causal, 1, (problem, at) => problem.Key[at % problem.Key.Length] = NotNumbers[at % 3]);

    [Theory]
    [MemberData(nameof(Everything))]
    public void AValuePoisonsItsColumnOfWhatDependsOnIt(Method method, FeatureMap map, bool causal) =>
        Check(method, map, causal, 3, (problem, at) => problem.Value[at % problem.Value.Length] = NotNumbers[at % 3]);

    [Theory]
    [InlineData(Method.Direct)]
    [InlineData(Method.Fft)]
    public void AnUnderflowingWeightStillCarriesNaN(Method method)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 300, 8), 7).WithBias(t => -50.0 * Math.Abs(t)).By(method);
        problem.Value[3] = float.NaN;
        AttentionRun run = Contract.Holds(problem);
        Assert.True(float.IsNaN(run.Output[(299 * 8) + 3]));
        Assert.False(float.IsNaN(run.Output[(299 * 8) + 4]));
    }

    [Theory]
    [InlineData(Method.Direct)]
    [InlineData(Method.Fft)]
    public void APairRemovedByMinusInfinityCarriesNothing(Method method)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 300, 8), 7)
            .WithBias(t => Math.Abs(t) < 20 ? 0 : double.NegativeInfinity).By(method);
        problem.Key[5] = float.PositiveInfinity;
        problem.Value[(250 * 8) + 2] = float.NaN;
        AttentionRun run = Contract.Holds(problem);
        Assert.Equal((20 * 8) + 39, run.Output.Count(float.IsNaN));
    }

    private static void Check(Method method, FeatureMap map, bool causal, int poisoned, Action<AttentionProblem, int> poison)
    {
        var shape = new AttentionShape(2, 90, 10) { Batch = 2, KeyHeads = 1, KeyLength = 110, ValueDimension = 6 };
        AttentionProblem problem = AttentionProblem.Normal(shape, 5).WithMap(map).With(options => options with { Causal = causal, Method = method });
        if (method != Method.Linear)
        {
            problem = problem.WithNormalBias(0.5, 6);
            for (int i = 0; i < problem.Bias!.Length; i += 4) problem.Bias[i] = float.NegativeInfinity;
        }

        var numbers = new Numbers(77);
        for (int count = 0; count < poisoned; count++) poison(problem, numbers.Between(0, 1_000_000));
        AttentionRun run = Contract.Holds(problem);
        Assert.Contains(run.Output, float.IsNaN);
        Assert.Contains(run.Output, float.IsFinite);
    }
}
