using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>The accuracy contract over every shape and option.</summary>
[Properties(Arbitrary = [typeof(AttentionCases)])]
public sealed class ContractTests
{
    private static readonly Method[] WithPositions = [Method.Direct, Method.Fft];

    [Property]
    public void AnyShapeAndOptions(AttentionCase any) => Contract.Holds(any.Problem);

    [Property]
    public void MethodsAgree(AttentionCase any)
    {
        AttentionRun direct = any.Problem.By(Method.Direct).Run();
        Method other = any.Problem.Bias is null ? Method.Linear : Method.Fft;
        Contract.HoldsFor(any.Problem, any.Problem.By(other).Run());
        Contract.HoldsFor(any.Problem, direct);
        Assert.Equal(Method.Direct, direct.Report.Method);
        Assert.Equal(0, direct.Report.FallbackHeads);
    }

    public static TheoryData<Method, bool> MethodsAndCausality() =>
        Combinations.Of<Method, bool>([Method.Direct, Method.Fft, Method.Linear], [false, true]);

    [Theory]
    [MemberData(nameof(MethodsAndCausality))]
    public void EveryLengthTo300(Method method, bool causal)
    {
        for (int n = 1; n <= 300; n++) Contract.Holds(Small(n, n, method, causal));
    }

    [Theory]
    [MemberData(nameof(MethodsAndCausality))]
    public void PrimesAndNeighboursOfPowersOfTwo(Method method, bool causal)
    {
        foreach (int n in new[] { 383, 511, 512, 513, 769, 1023, 1024, 1025, 1283, 2047, 2048, 2049, 2503, 4095, 4097 })
        {
            // The first and last rows and a spread of others: the whole triangle would cost more than it tells.
            Contract.Holds(Small(n, n, method, causal), row => row < 32 || row >= n - 32 || row % 97 == 0);
        }
    }

    [Theory]
    [MemberData(nameof(MethodsAndCausality))]
    public void UnequalLengths(Method method, bool causal)
    {
        foreach (int keys in new[] { 1, 2, 7, 64, 65, 127, 200, 511 })
        {
            foreach (int queries in new[] { 1, 3, 31, 64, 193, 300 })
            {
                if (!causal || queries <= keys) Contract.Holds(Small(queries, keys, method, causal));
            }
        }
    }

    [Theory]
    [InlineData(-100)]
    [InlineData(-7)]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(63)]
    [InlineData(200)]
    public void AnyQueryOffset(int offset)
    {
        foreach (Method method in WithPositions)
        {
            Contract.Holds(Small(80, 120, method, true).With(options => options with { QueryOffset = offset }));
        }

        Contract.Holds(Small(80, 120, Method.Linear, true).With(options => options with { QueryOffset = offset }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(33)]
    [InlineData(64)]
    [InlineData(80)]
    [InlineData(96)]
    [InlineData(100)]
    [InlineData(128)]
    [InlineData(255)]
    [InlineData(512)]
    public void AnyHeadDimension(int dimension)
    {
        foreach (FeatureMap map in Enum.GetValues<FeatureMap>())
        {
            foreach (Method method in WithPositions) Contract.Holds(Wide(dimension, 24, dimension, map, method));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(31)]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(129)]
    [InlineData(1000)]
    [InlineData(4096)]
    public void AnyNumberOfFeatures(int features)
    {
        foreach (FeatureMap map in new[] { FeatureMap.Prf, FeatureMap.Trf, FeatureMap.Relu })
        {
            foreach (Method method in WithPositions)
            {
                Contract.Holds(Wide(16, 24, 16, map, method).With(options => options with { Features = features }));
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(17)]
    [InlineData(65)]
    [InlineData(129)]
    [InlineData(777)]
    [InlineData(4096)]
    public void AnyValueDimension(int dimension)
    {
        foreach (Method method in WithPositions) Contract.Holds(Wide(8, 24, dimension, FeatureMap.Prf, method));
        Contract.Holds(Wide(8, 24, dimension, FeatureMap.Prf, Method.Linear) with { Bias = null });
    }

    [Fact]
    public void HeadsOwnTheirBiasProjectionAndKeys()
    {
        var shape = new AttentionShape(6, 70, 12) { Batch = 2, KeyHeads = 3, KeyLength = 90, ValueDimension = 20 };
        RandomProjection projection = RandomProjection.FromValues(new Numbers(8).Normals(6 * 24 * 12), 24, 12, heads: 6);
        foreach (Method method in WithPositions)
        {
            Contract.Holds(AttentionProblem.Normal(shape, 5).WithNormalBias(1, 6, perHead: true)
                .With(options => options with { Projection = projection, Method = method }));
        }
    }

    [Theory]
    [InlineData(1e-6f)]
    [InlineData(1e-5f)]
    [InlineData(1e-2f)]
    public void TheToleranceIsKeptWhateverItIs(float tolerance)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 700, 16), 31).WithNormalBias(1, 32)
            .With(options => options with { Tolerance = tolerance });
        foreach (Method method in WithPositions) Contract.Holds(problem.By(method));
    }

    [Fact]
    public void DirectIsExactToFloat32Rounding()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(2, 500, 64), 41).WithNormalBias(0.5, 42).By(Method.Direct);
        Contract.HoldsFor(problem, problem.Run(), tolerance: 3e-6);
    }

    private static AttentionProblem Small(int queries, int keys, Method method, bool causal)
    {
        var shape = new AttentionShape(1, queries, 6) { KeyLength = keys, ValueDimension = 5 };
        AttentionProblem problem = AttentionProblem.Normal(shape, queries + (1000 * keys))
            .With(options => options with { Features = 7, Causal = causal, Method = method });
        return method == Method.Linear ? problem : problem.WithNormalBias(0.5, keys + 1);
    }

    private static AttentionProblem Wide(int dimension, int length, int valueDimension, FeatureMap map, Method method) =>
        AttentionProblem.Normal(new AttentionShape(1, length, dimension) { ValueDimension = valueDimension }, dimension)
            .WithNormalBias(0.5, length)
            .WithMap(map).By(method);
}
