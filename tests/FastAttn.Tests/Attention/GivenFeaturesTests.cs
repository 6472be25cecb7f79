using FastAttn.Tests.Infrastructure;
using Xunit;

namespace FastAttn.Tests.Attention;

/// <summary>φ by itself, and attention over features that the caller brings.</summary>
public sealed class GivenFeaturesTests
{
    private static readonly AttentionShape Shape = new(2, 70, 10) { Batch = 2, KeyHeads = 2, KeyLength = 90, ValueDimension = 6 };

    public static TheoryData<FeatureMap, Method> MapsAndMethods() => Combinations.Of<FeatureMap, Method>(
        [FeatureMap.Prf, FeatureMap.Trf, FeatureMap.Elu, FeatureMap.Relu, FeatureMap.Sikf, FeatureMap.Dpfp], [Method.Direct, Method.Fft]);

    public static TheoryData<FeatureMap, bool> MapsAndScales() => Combinations.Of<FeatureMap, bool>(Enum.GetValues<FeatureMap>(), [false, true]);

    // Both calls keep the contract with the same truth, but for the rounding of the features: 2⁻²⁴ in each, so 4·2⁻²⁴ of the loudest value, and twenty
    // times that where a denominator cancels. Two tolerances are far more.
    [Theory]
    [MemberData(nameof(MapsAndMethods))]
    public void AttentionOverMappedFeaturesIsAttentionWithTheMap(FeatureMap map, Method method)
    {
        AttentionProblem problem = AttentionProblem.Normal(Shape, 3).WithNormalBias(0.5, 4).WithMap(map).By(method)
            .With(options => options with { Features = map is FeatureMap.Prf or FeatureMap.Trf or FeatureMap.Relu ? 48 : null });
        var mapper = new FeatureMapper(2, 10, problem.Options);
        AttentionProblem given = problem with
        {
            Shape = Shape with { HeadDimension = mapper.Features, ValueDimension = 6 },
            Query = Mapped(mapper, problem.Query, 70),
            Key = Mapped(mapper, problem.Key, 90),
            Options = new() { FeatureMap = FeatureMap.Given, SignedFeatures = map == FeatureMap.Trf, Method = method },
        };

        AttentionRun run = given.Run();

        Assert.Equal(method, run.Report.Method);
        Contract.HoldsFor(problem, run with { Projection = mapper.Projection }, tolerance: 2 * problem.Options.Tolerance);
    }

    [Theory]
    [MemberData(nameof(MapsAndScales))]
    public void FeaturesAreThoseOfTheDefinition(FeatureMap map, bool hasScales)
    {
        // Un-normalised rows of length about 40 take prf and sikf beyond float32, which log-scales do not mind.
        AttentionProblem problem = AttentionProblem.Normal(Shape, 5, hasScales ? 12 : 1).WithMap(map, signed: hasScales)
            .With(options => options with { Normalize = hasScales ? false : null, Nu = map == FeatureMap.Dpfp ? 2 : 1 });
        var mapper = new FeatureMapper(2, 10, problem.Options);
        double[] scales = new double[hasScales ? 2 * 2 * 70 : 0];
        float[] features = new float[2 * 2 * 70 * mapper.Features];
        mapper.Map(2, 70, problem.Query, features, scales);

        var reference = new ReferenceFeatures(problem, mapper.Projection, 0);
        for (int row = 0; row < 2 * 2 * 70; row++)
        {
            LogFeatures expected = reference.Of(problem.Query, row);
            double largest = expected.Logs.Max(), scale = hasScales ? scales[row] : 0;

            // float32 products of up to 10 columns of size |wx| ≤ 60·5 round by less than 1e-4 in an exponent.
            double tolerance = hasScales ? 1e-3 : 1e-5;
            for (int a = 0; a < mapper.Features; a++)
            {
                double got = features[(row * mapper.Features) + a] * Math.Exp(scale - largest), wanted = expected.Signs[a] * Math.Exp(expected.Logs[a] - largest);
                Assert.True(Math.Abs(got - wanted) <= tolerance, $"row {row}, feature {a}: {got}, expected {wanted}");
            }
        }
    }

    [Fact]
    public void RowsThatAreNotFiniteAreNaNAndRowsOfZerosHaveNoScale()
    {
        var mapper = new FeatureMapper(1, 2, new() { FeatureMap = FeatureMap.Dpfp });
        float[] features = new float[3 * 4];
        double[] scales = new double[3];

        mapper.Map(1, 3, [1, 2, float.NegativeInfinity, 0, 0, 0], features, scales);

        Assert.All(features[4..8], feature => Assert.Equal(float.NaN, feature));
        Assert.All(features[8..], feature => Assert.Equal(0, feature));
        Assert.Equal([double.NaN, double.NegativeInfinity], scales[1..]);
        Assert.Equal([0, 2, 0, 0], features[..4].Select(feature => Math.Round(feature * Math.Exp(scales[0]), 5)));
    }

    [Fact]
    public void MapperWritesTheSameBitsOnAnyNumberOfThreadsAndIntoAnyStrides()
    {
        float[] rows = new Numbers(6).Normals(2 * 3 * 700 * 8), one = new float[2 * 3 * 700 * 16], four = new float[one.Length];
        new FeatureMapper(3, 8, new() { Features = 16, Threads = 1 }).Map(2, 700, rows, one);
        var mapper = new FeatureMapper(3, 8, new() { Features = 16, Threads = 4 });
        unsafe
        {
            fixed (float* x = rows, y = four)
                mapper.Map(StridedTensor.Dense(x, 2, 3, 700, 8), new StridedTensor((nint)y, 2, 3, 700, 16, 3 * 700 * 16, 16, 3 * 16));
        }

        for (int i = 0; i < one.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, 16);
            Assert.Equal(one[i], four[(((((row / 2100) * 700) + (row % 700)) * 3) + (row / 700 % 3)) * 16 + column]);
        }
    }

    [Fact]
    public void NegativeFeaturesAreRefusedWhereTheyCount()
    {
        AttentionProblem problem = AttentionProblem.Normal(Shape, 7).WithMap(FeatureMap.Given);
        int place = (((1 * 2) + 1) * 90 * 10) + (33 * 10) + 4;
        problem.Key[place] = -0.5f;
        ArgumentException refused = Assert.Throws<ArgumentException>(() => problem.Run());
        Assert.Equal("key", refused.ParamName);
        Assert.Contains("key[1, 1, 33, 4] is -0.5; expected features of at least 0, or SignedFeatures", refused.Message, StringComparison.Ordinal);
        problem.Key[place] = float.NegativeInfinity;
        Contract.Holds(problem);
        problem.Key[place] = -0.5f;
        Contract.Holds(problem with { Lengths = [90, 33] });
        Contract.Holds(problem with { KeyMask = [.. Enumerable.Range(0, 90).Select(j => j != 33)] });
        problem.Query[3] = -1e-30f;
        Assert.StartsWith("query[0, 0, 0, 3] is -1E-30", Assert.Throws<ArgumentException>(() => problem.Run()).Message, StringComparison.Ordinal);
    }

    // Rows of size 1e-30 beside rows of 1e30, rows of zeros, and features that meet nowhere.
    [Theory]
    [InlineData(Method.Direct, false)]
    [InlineData(Method.Fft, false)]
    [InlineData(Method.Direct, true)]
    [InlineData(Method.Fft, true)]
    public void SizesOfFeaturesDoNotMatter(Method method, bool signed)
    {
        AttentionProblem problem = AttentionProblem.Normal(Shape, 8).WithNormalBias(1, 9).WithMap(FeatureMap.Given, signed).By(method);
        for (int row = 0; row < 2 * 2 * 70; row++)
        {
            for (int a = 0; a < 10; a++) problem.Query[(row * 10) + a] *= row % 5 == 0 ? 0 : row % 5 == 1 ? (a % 2) : MathF.Pow(10, (row % 7 * 10) - 30);
        }

        for (int row = 0; row < 2 * 2 * 90; row++)
        {
            for (int a = 0; a < 10; a++) problem.Key[(row * 10) + a] *= row % 5 == 0 ? 0 : row < 90 ? 1 - (a % 2) : MathF.Pow(10, (row % 3 * 2) - 30);
        }

        Contract.Holds(problem);
    }

    [Fact]
    public void AsManyFeaturesAsAMapCanMake() =>
        Contract.Holds(AttentionProblem.Normal(new AttentionShape(1, 5, 8192) { ValueDimension = 3 }, 1).WithMap(FeatureMap.Given));

    private static float[] Mapped(FeatureMapper mapper, float[] rows, int length)
    {
        float[] features = new float[rows.Length / mapper.Dimension * mapper.Features];
        mapper.Map(2, length, rows, features);
        return features;
    }
}
