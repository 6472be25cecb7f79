namespace FastAttn.Tests.Attention;

/// <summary>What is defined and not an error: rows without keys, zero vectors, and the order of words and options.</summary>
public sealed class DefinedEdgeTests
{
    public static TheoryData<Method> Methods() => [Method.Direct, Method.Fft, Method.Linear];

    [Theory]
    [MemberData(nameof(Methods))]
    public void ARowThatSeesNoKeyIsZeros(Method method)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(2, 40, 8) { Batch = 3 }, 1).By(method);
        if (method != Method.Linear) problem = problem.WithNormalBias(0.5, 2);
        Assert.All((problem with { Lengths = [0, 40, 0] }).Run().Output.Take(2 * 40 * 8), value => Assert.Equal(0f, value));
        Assert.All((problem with { KeyMask = new bool[40] }).Run().Output, value => Assert.Equal(0f, value));
        Assert.All((problem with { KeyMask = [.. Enumerable.Repeat(true, 40)], Lengths = [0, 0, 0] }).Run().Output, value => Assert.Equal(0f, value));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void CausalRowsBeforeTheFirstKeptKeyAreZeros(Method method)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 60, 8), 1)
            .With(options => options with { Causal = true, Method = method }) with
        { KeyMask = [.. Enumerable.Range(0, 60).Select(j => j >= 25)] };
        if (method != Method.Linear) problem = problem.WithNormalBias(0.5, 2);
        float[] output = Contract.Holds(problem).Output;
        Assert.All(output.Take(25 * 8), value => Assert.Equal(0f, value));
        Assert.All(output.Skip(25 * 8), value => Assert.NotEqual(0f, value));
    }

    [Theory]
    [InlineData(FeatureMap.Prf)]
    [InlineData(FeatureMap.Trf)]
    [InlineData(FeatureMap.Elu)]
    [InlineData(FeatureMap.Relu)]
    [InlineData(FeatureMap.Sikf)]
    [InlineData(FeatureMap.Dpfp)]
    public void ZeroVectorsStayZeroUnderNormalisation(FeatureMap map)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 50, 8), 1).WithNormalBias(0.5, 2)
            .With(options => options with { FeatureMap = map, Normalize = true });
        Array.Clear(problem.Query, 0, 20 * 8);
        Array.Clear(problem.Key, 80, 20 * 8);
        Contract.Holds(problem.By(Method.Direct));
        Contract.Holds(problem.By(Method.Fft));
    }

    [Theory]
    [InlineData(1e-38f)]
    [InlineData(1e38f)]
    public void NormalisationNeitherOverflowsNorUnderflows(float size)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 50, 8), 1).WithNormalBias(0.5, 2);
        float[] expected = problem.Run().Output;
        float[] got = (problem with
        {
            Query = [.. problem.Query.Select(x => x * size)],
            Key = [.. problem.Key.Select(x => x * size)],
        }).Run().Output;
        Assert.All(expected.Zip(got), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
    }

    [Fact]
    public void ABiasOfZeroIsNoBias()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 200, 16), 1);
        Contract.HoldsFor(problem, problem.WithBias(_ => 0).By(Method.Fft).Run());
        Contract.HoldsFor(problem, problem.WithBias(_ => 0).By(Method.Direct).Run());
        Contract.HoldsFor(problem, problem.By(Method.Linear).Run());
    }

    [Fact]
    public void QkScaleIsAFactorOnQueryAndKey()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 64, 16), 1).WithNormalBias(0.5, 2);
        foreach (FeatureMap map in Enum.GetValues<FeatureMap>())
        {
            Contract.Holds(problem.WithMap(map).With(options => options with { Normalize = false, QkScale = 0.4f }));
        }
    }
}
