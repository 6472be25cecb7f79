using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>ε of Performer codes: the contract holds for the features with it, by every method, however large or small it is beside them.</summary>
[Properties(Arbitrary = [typeof(AttentionCases)])]
public sealed class FeatureEpsilonTests
{
    private static readonly float[] Epsilons = [1e-6f, 1e-4f, 0.1f, 30];

    [Property]
    public void AnyShapeAndOptions(AttentionCase any)
    {
        var numbers = new Numbers(any.Seed);
        Contract.Holds(any.Problem.With(options => options with
        {
            FeatureMap = numbers.Pick(FeatureMap.Prf, FeatureMap.Prf, FeatureMap.Relu),
            FeatureEpsilon = numbers.Pick(Epsilons),
            Features = options.Features ?? 16,
            Nu = 1,
            SignedFeatures = false,
        }));
    }

    /// <summary>Rows whose norms drown their features in ε, or ε in their features, and biases so steep that rows are repaired in logarithms.</summary>
    [Theory]
    [InlineData(0.01, 0)]
    [InlineData(3, 0)]
    [InlineData(12, 0)]
    [InlineData(3, 40)]
    [InlineData(12, 200)]
    public void RowsOfAnySize(double deviation, double steepness)
    {
        foreach (float epsilon in Epsilons)
        {
            AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 200, 8), 3, deviation)
                .WithBias(t => -steepness * Math.Abs(Math.Sin(t)))
                .With(options => options with { FeatureEpsilon = epsilon, Normalize = false, Features = 20 });
            foreach (Method method in (Method[])[Method.Direct, Method.Fft]) Contract.Holds(problem.By(method));
        }
    }

    [Theory]
    [InlineData(Method.Band)]
    [InlineData(Method.Decay)]
    [InlineData(Method.Multipole)]
    [InlineData(Method.Linear)]
    public void MethodsThatTakeRowsInChunks(Method method)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 1500, 8) { ValueDimension = 3 }, 5)
            .With(options => options with { FeatureEpsilon = 1e-3f, Normalize = false, Features = 16, Method = method });
        problem = method switch
        {
            Method.Band => problem.WithBias(t => Math.Abs(t) < 20 ? Math.Cos(t) : -1),
            Method.Decay => problem.WithBias(t => -0.01 * Math.Abs(t)),
            Method.Multipole => problem.WithBias(t => -Math.Log(1 + (0.1 * Math.Abs(t)))),
            _ => problem,
        };
        Contract.Holds(problem, row => row < 40 || row % 31 == 0);
    }

    /// <summary>A masked key, however large its projections, does not change what ε is measured by; a kept one does.</summary>
    [Fact]
    public void OnlyKeysThatTakePartCount()
    {
        AttentionProblem plain = AttentionProblem.Normal(new AttentionShape(1, 30, 4), 9).With(options => options with { FeatureEpsilon = 0.1f, Normalize = false }) with
        {
            KeyMask = [.. Enumerable.Range(0, 30).Select(j => j != 7)],
        };
        float[] loud = [.. plain.Key];
        loud.AsSpan(7 * 4, 4).Fill(5);
        Assert.Equal(plain.Run().Output, (plain with { Key = loud }).Run().Output);
        Assert.NotEqual((plain with { KeyMask = null }).Run().Output, (plain with { KeyMask = null, Key = loud }).Run().Output);
    }

    [Fact]
    public void ThreadsChangeNoBit()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 700, 16), 2).WithNormalBias(0.5, 3).With(options => options with { FeatureEpsilon = 1e-4f });
        float[] one = problem.With(options => options with { Threads = 1 }).Run().Output;
        Assert.Equal(one, problem.With(options => options with { Threads = 3 }).Run().Output);
    }

    /// <summary>One column, w = [0; 1], rows as they are: φ(0) = [1, 1] + ε; a query of 1 has M = 1, so φ = [e^(−3/2), e^(−1/2)] + ε.</summary>
    [Fact]
    public void WorkedExample()
    {
        var problem = new AttentionProblem(new AttentionShape(1, 1, 1) { KeyLength = 2 }, [1], [0, 1], [0, 1])
        {
            Options = new KernelizedAttentionOptions
            {
                Projection = RandomProjection.FromValues([0, 1], 2, 1),
                Normalize = false,
                FeatureEpsilon = 0.5f,
            },
        };
        double low = Math.Exp(-1.5) + 0.5, high = Math.Exp(-0.5) + 0.5, zero = Math.Exp(-1) + 0.5;
        double first = (low * zero) + (high * zero), second = (low * low) + (high * high);
        Assert.Equal(second / (first + second), problem.Run().Output[0], 1e-6);
    }
}
