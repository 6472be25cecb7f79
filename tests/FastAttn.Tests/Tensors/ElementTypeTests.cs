using System.Numerics.Tensors;
using FastAttn.Tests.Attention;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Tensors;

/// <summary>
/// Any element types of query, key, value and output give, bit by bit, what comes of rounding the inputs, computing in float32 and rounding the
/// output once; rows have gaps, and end where memory ends.
/// </summary>
public sealed class ElementTypeTests
{
    private static readonly ElementType[] s_types = [ElementType.Float32, ElementType.Float16, ElementType.Bfloat16];

    private static readonly AttentionShape s_shape = new(4, 37, 20) { Batch = 2, KeyHeads = 2, KeyLength = 45, ValueDimension = 19 };

    private static readonly AttentionShape s_long = new(1, 230, 9) { ValueDimension = 5 };

    private static readonly AttentionShape s_square = new(2, 30, 20) { Batch = 2, ValueDimension = 19 };

    private static readonly Dictionary<string, Func<Case>> s_cases = new()
    {
        ["direct"] = () => Kernelized(Method.Direct),
        ["fft"] = () => Kernelized(Method.Fft),
        ["linear"] = () => Kernelized(Method.Linear),
        ["band"] = () => Kernelized(Method.Band, "clipped"),
        ["decay"] = () => Kernelized(Method.Decay, "alibi", shape: s_long),
        ["multipole"] = () => Kernelized(Method.Multipole, "power", shape: s_long),
        ["grid"] = () => Of(AttentionProblem.OnGrid(5, 6, (y, x) => 0.3 * Math.Sin(y + (2 * x)), 1, heads: 2, dimension: 18).By(Method.Fft), null),
        ["elu"] = () => Kernelized(Method.Direct, map: FeatureMap.Elu),
        ["trf"] = () => Kernelized(Method.Direct, map: FeatureMap.Trf),
        ["dpfp"] = () => Kernelized(Method.Direct, map: FeatureMap.Dpfp),
        ["given"] = () => Kernelized(Method.Direct, map: FeatureMap.Given),
        ["epsilon"] = () => Of(Normal(1).With(options => options with { FeatureEpsilon = 1e-3f }), null),
        ["schoenbat"] = () => Schoenbat(new() { ExactDegrees = 1, Gamma = [-2], Beta = [0.5f] }),
        ["schoenbat by head"] = () => Schoenbat(new() { Gamma = new Numbers(3).Normals(4 * 19) }),
        ["softmax"] = () => Of(Normal(1).WithNormalBias(0.5, 2, perHead: true), p => new SoftmaxAttention(p.Shape, new() { Causal = true }, p.Position())),
        ["gaussian"] = () => Of(Normal(0.5), p => new GaussianAttention(p.Shape)),
        ["gaussian far away"] = () => Of(Normal(9).WithNormalBias(0.5, 2), p => new GaussianAttention(p.Shape, null, p.Position())),
        ["cholesky"] = () => Skyformer(new() { Landmarks = 16 }),
        ["schulz"] = () => Skyformer(new() { Landmarks = 16, Inverse = SkyformerInverse.Schulz, Sampling = LandmarkSampling.Halves }),
        ["replacement"] = () => Skyformer(new() { Landmarks = 16, Sampling = LandmarkSampling.Replacement, Gamma = 0.1f }),
    };


    public static TheoryData<string, bool> Cases() => Combinations.Of<string, bool>(s_cases.Keys, [false, true]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void AnyTypesGiveTheRoundedAnswer(string name, bool isHard)
    {
        Case given = s_cases[name]();
        AttentionProblem problem = isHard ? Hard(given.Problem) : given.Problem;
        AttentionShape s = problem.Shape;
        using AttentionSystem attention = given.Prepare(problem);
        foreach (ElementType q in s_types)
        {
            foreach (ElementType k in s_types)
            {
                foreach (ElementType v in s_types)
                {
                    float[] roundedQuery = ByHand.Round(q, problem.Query), roundedKey = ByHand.Round(k, problem.Key), roundedValue = ByHand.Round(v, problem.Value);
                    float[] expected = new float[s.Batch * s.Heads * s.QueryLength * s.ValueDimension];
                    attention.Forward(roundedQuery, roundedKey, roundedValue, expected, problem.KeyMask, problem.Lengths);
                    using var query = new ElementMemory(q, s.Batch, s.Heads, problem.Query, s.HeadDimension);
                    using var key = new ElementMemory(k, s.Batch, s.KeyHeads, problem.Key, s.HeadDimension);
                    using var value = new ElementMemory(v, s.Batch, s.KeyHeads, problem.Value, s.ValueDimension);
                    foreach (ElementType z in s_types)
                    {
                        using var output = new ElementMemory(z, s.Batch, s.Heads, new float[expected.Length], s.ValueDimension);
                        attention.Forward(query.Tensor, key.Tensor, value.Tensor, output.Tensor, problem.KeyMask, problem.Lengths);
                        AssertSame(z, expected, output, $"{q}, {k}, {v} to {z}");
                    }
                }
            }
        }
    }

    [Fact]
    public void CallsWithoutKeysGiveZerosOrNaN()
    {
        var shape = new AttentionShape(1, 3, 5) { KeyLength = 0, ValueDimension = 4 };
        using var attention = new SoftmaxAttention(shape);
        foreach (ElementType q in s_types)
        {
            float[] rows = new Numbers(1).Normals(15);
            rows[7] = float.NegativeInfinity;
            using var query = new ElementMemory(q, 1, 1, rows, 5);
            using var nothing = new ElementMemory(ElementType.Bfloat16, 1, 1, new float[20], 20);
            foreach (ElementType z in s_types)
            {
                using var output = new ElementMemory(z, 1, 1, new float[12], 4);
                StridedTensor none = nothing.Tensor with { Rows = 0 };
                attention.Forward(query.Tensor, none with { Columns = 5 }, none with { Columns = 4 }, output.Tensor);
                AssertSame(z, [0, 0, 0, 0, float.NaN, float.NaN, float.NaN, float.NaN, 0, 0, 0, 0], output, $"{q} to {z}");
            }
        }
    }

    [Theory]
    [InlineData("sequence")]
    [InlineData("grid")]
    public void FastRpbTakesAnyTypes(string name)
    {
        var options = new FastRpbOptions { Prefix = 2, Suffix = 1 };
        FastRpbProblem problem = name == "grid" ? FastRpbProblem.Grid(5, 8, 35, 1, options, 4, 2, 2) : FastRpbProblem.Sequence(300, 35, 1, options, 4, 2, 2);
        problem = problem with { KeyMask = [.. Enumerable.Range(0, problem.Rows).Select(row => row % 5 > 0)], Lengths = [problem.Rows - 7, problem.Rows] };
        problem.Value[40] = float.NaN;
        AttentionShape s = problem.Shape;
        float[] before = new Numbers(5).Normals((long)s.Batch * s.Heads * problem.Rows * s.ValueDimension);
        FastRpb rpb = problem.Prepare();
        foreach (ElementType v in s_types)
        {
            using var value = new ElementMemory(v, s.Batch, s.KeyHeads, problem.Value, s.ValueDimension);
            FastRpbProblem rounded = problem with { Value = ByHand.Round(v, problem.Value) };
            foreach (ElementType z in s_types)
            {
                using var output = new ElementMemory(z, s.Batch, s.Heads, before, s.ValueDimension);
                rpb.AddTo(value.Tensor, output.Tensor, problem.KeyMask, problem.Lengths);
                AssertSame(z, rounded.Run(ByHand.Round(z, before), adds: true), output, $"{v} added to {z}");
                rpb.Forward(value.Tensor, output.Tensor, problem.KeyMask, problem.Lengths);
                AssertSame(z, rounded.Run(before, adds: false), output, $"{v} to {z}");
            }
        }
    }

    [Theory]
    [InlineData(20)]
    [InlineData(900)]
    public void ToeplitzProductsTakeAnyTypes(int length)
    {
        var numbers = new Numbers(length);
        const int Columns = 37;
        var plan = new ToeplitzPlan(numbers.Normals(2 * ((2 * length) + 9)), length + 10, length, heads: 2);
        float[] operand = numbers.Normals(2 * length * Columns);
        operand[5] = float.PositiveInfinity;
        foreach (ElementType x in s_types)
        {
            float[] expected = new float[2 * (length + 10) * Columns];
            plan.Multiply(ByHand.Round(x, operand), expected, Columns, heads: 2);
            using var source = new ElementMemory(x, 1, 2, operand, Columns);
            foreach (ElementType y in s_types)
            {
                using var product = new ElementMemory(y, 1, 2, new float[expected.Length], Columns);
                plan.Multiply(source.Tensor, product.Tensor);
                AssertSame(y, expected, product, $"{x} to {y}");
            }
        }
    }

    [Theory]
    [InlineData(FeatureMap.Prf, false)]
    [InlineData(FeatureMap.Prf, true)]
    [InlineData(FeatureMap.Elu, false)]
    public void FeaturesTakeAnyTypes(FeatureMap map, bool scaled)
    {
        var mapper = new FeatureMapper(2, 20, new() { FeatureMap = map });
        float[] rows = new Numbers(1).Normals(2 * 300 * 20);
        rows[33] = float.NaN;
        foreach (ElementType x in s_types)
        {
            float[] expected = new float[2 * 300 * mapper.Features];
            double[] expectedScales = new double[scaled ? 600 : 0], scales = new double[expectedScales.Length];
            mapper.Map(1, 300, ByHand.Round(x, rows), expected, expectedScales);
            using var source = new ElementMemory(x, 1, 2, rows, 20);
            foreach (ElementType y in s_types)
            {
                using var features = new ElementMemory(y, 1, 2, new float[expected.Length], mapper.Features);
                mapper.Map(source.Tensor, features.Tensor, scales);
                AssertSame(y, expected, features, $"{x} to {y}");
                Assert.Equal(expectedScales, scales);
            }
        }
    }

    /// <summary>Spans of <see cref="Half"/> are the same call.</summary>
    [Fact]
    public void HalfHasOverloads()
    {
        AttentionProblem problem = Normal(1) with { Lengths = [40, 45] };
        AttentionShape s = problem.Shape;
        Half[] q = ToHalf(problem.Query), k = ToHalf(problem.Key), v = ToHalf(problem.Value);
        Half[] z = new Half[s.Batch * s.Heads * s.QueryLength * s.ValueDimension], again = new Half[z.Length];
        using AttentionSystem attention = problem.Prepare();
        float[] expected = new float[z.Length];
        attention.Forward(ToFloat(q), ToFloat(k), ToFloat(v), expected, default, problem.Lengths);
        attention.Forward(q, k, v, z, default, problem.Lengths);
        Assert.Equal(ToHalf(expected), z);
        attention.Forward(
            new ReadOnlyTensorSpan<Half>(q, [2, 4, 37, 20]), new ReadOnlyTensorSpan<Half>(k, [2, 2, 45, 20]), new ReadOnlyTensorSpan<Half>(v, [2, 2, 45, 19]),
            new TensorSpan<Half>(again, [2, 4, 37, 19]), default, problem.Lengths);
        Assert.Equal(z, again);

        FastRpbProblem rpb = FastRpbProblem.Sequence(30, 5, 1);
        Half[] value = ToHalf(rpb.Value), sum = ToHalf(new Numbers(2).Normals(150)), product = new Half[150], tensor = (Half[])sum.Clone();
        float[] added = (rpb with { Value = ToFloat(value) }).Run(ToFloat(sum), adds: true);
        rpb.Prepare().AddTo(rpb.Shape, value, sum);
        rpb.Prepare().AddTo(new ReadOnlyTensorSpan<Half>(value, [30, 5]), new TensorSpan<Half>(tensor, [30, 5]));
        Assert.Equal(ToHalf(added), sum);
        Assert.Equal(sum, tensor);
        rpb.Prepare().Forward(rpb.Shape, value, product);
        rpb.Prepare().Forward(new ReadOnlyTensorSpan<Half>(value, [30, 5]), new TensorSpan<Half>(tensor, [30, 5]));
        Assert.Equal(ToHalf((rpb with { Value = ToFloat(value) }).Run(new float[150], adds: false)), product);
        Assert.Equal(product, tensor);

        var plan = new ToeplitzPlan([1, 2, 3, 4, 5, 6], 3, 4);
        Half[] y = new Half[3];
        plan.Multiply(ToHalf([1, 10, 100, 1000]), y, 1);
        Assert.Equal(ToHalf([6543, 5432, 4321]), y);
    }

    private static Half[] ToHalf(float[] values) => Array.ConvertAll(values, value => (Half)value);

    private static float[] ToFloat(Half[] values) => Array.ConvertAll(values, value => (float)value);

    private static void AssertSame(ElementType element, float[] expected, ElementMemory actual, string what)
    {
        float[] values = actual.Values();
        for (int i = 0; i < expected.Length; i++)
        {
            float rounded = ByHand.Round(element, expected[i]);
            if (!(float.IsNaN(rounded) ? float.IsNaN(values[i]) : BitConverter.SingleToUInt32Bits(rounded) == BitConverter.SingleToUInt32Bits(values[i])))
                Assert.Fail($"{what}: element {i} is {values[i]:r}, expected {expected[i]:r} rounded to {rounded:r}");
        }

        Assert.True(actual.GapsAreUntouched(), what);
    }

    private static AttentionProblem Normal(double deviation, AttentionShape? shape = null) => AttentionProblem.Normal(shape ?? s_shape, 1, deviation);

    /// <summary>Rows of every kind that some path of its own takes, and masks; what a type cannot hold becomes infinity in it, and spreads.</summary>
    private static AttentionProblem Hard(AttentionProblem problem)
    {
        AttentionShape s = problem.Shape;
        float sign = problem.Options.FeatureMap == FeatureMap.Given ? 0 : 1;
        (float[] q, float[] k, float[] v) = ((float[])problem.Query.Clone(), (float[])problem.Key.Clone(), (float[])problem.Value.Clone());
        Row(q, 2, s.HeadDimension).Clear();
        Scale(q, 3, s.HeadDimension, 1e-6f);
        Scale(q, 4, s.HeadDimension, 1e4f);
        q[(6 * s.HeadDimension) + 1] = float.NaN;
        Scale(k, 5, s.HeadDimension, 1e-6f);
        Scale(k, 7, s.HeadDimension, 1e2f);
        k[(8 * s.HeadDimension) + 1] = float.PositiveInfinity * (sign == 0 ? 1 : -1);
        Scale(v, 4, s.ValueDimension, 1e30f);
        Scale(v, 11, s.ValueDimension, 1e-30f);
        v[(10 * s.ValueDimension) + 3] = float.NaN;

        // The second sequence has no NaN, but loud rows. Key 8 of the first is masked, and NaN only where it does not count.
        int second = k.Length / s.HeadDimension / s.Batch * (s.Batch - 1), queries = q.Length / s.HeadDimension / s.Batch * (s.Batch - 1);
        Scale(k, second + 3, s.HeadDimension, 1e3f);
        Scale(q, queries + 3, s.HeadDimension, 1e18f);
        return problem with
        {
            Query = q,
            Key = k,
            Value = v,
            KeyMask = [.. Enumerable.Range(0, s.Batch * s.KeyLength).Select(key => key % 11 != 8)],
            Lengths = [.. Enumerable.Range(0, s.Batch).Select(b => s.KeyLength - (3 * b))],
        };
    }

    private static Span<float> Row(float[] rows, int row, int columns) => rows.AsSpan(row * columns, columns);

    private static void Scale(float[] rows, int row, int columns, float factor) =>
        TensorPrimitives.Multiply(Row(rows, row, columns), factor, Row(rows, row, columns));

    private static Case Of(AttentionProblem problem, Func<AttentionProblem, AttentionSystem>? prepare) => new(problem, prepare ?? (p => p.Prepare()));

    private static Case Kernelized(Method method, string? position = null, FeatureMap map = FeatureMap.Prf, AttentionShape? shape = null)
    {
        AttentionProblem problem = Normal(1, shape).WithMap(map).By(method);
        if (position is not null) problem = problem.WithBias(t => StructuredPositions.Bias(position, t));
        else if (method != Method.Linear) problem = problem.WithNormalBias(0.5, 2, perHead: true);
        return Of(problem, null);
    }

    private static Case Schoenbat(SchoenbatOptions options) =>
        Of(Normal(1).WithNormalBias(0.3, 2).By(Method.Direct), p => new SchoenbatProblem(p, options).Prepare());

    private static Case Skyformer(SkyformerOptions options) => Of(Normal(0.5, s_square), p => new SkyformerAttention(p.Shape, options));

    private sealed record Case(AttentionProblem Problem, Func<AttentionProblem, AttentionSystem> Prepare);
}
