using FastAttn.Tests.Infrastructure;
using Xunit;

namespace FastAttn.Tests.Attention;

/// <summary>Without sequences, queries or keys there is nothing to compute: the output is empty or zeros, and no system refuses the call.</summary>
public sealed class EmptyTests
{
    private static readonly AttentionShape Full = new(4, 6, 3) { Batch = 2, KeyHeads = 2, KeyLength = 7, ValueDimension = 5 };

    public static TheoryData<AttentionKind, string, bool> Cases() =>
        Combinations.Of<AttentionKind, string, bool>(Enum.GetValues<AttentionKind>(), ["sequences", "queries", "keys"], [false, true]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void OutputIsEmptyOrZeros(AttentionKind kind, string without, bool hasChoices)
    {
        AttentionShape shape = Without(without);
        bool takesPositions = kind != AttentionKind.Skyformer && hasChoices;
        RelativePosition? position = takesPositions ? RelativePosition.Dense(new float[Math.Max(shape.QueryLength + shape.KeyLength - 1, 0)], shape.QueryLength, shape.KeyLength) : null;
        using AttentionSystem attention = AttentionSystem.Create(kind, shape, new CommonOptions { Causal = takesPositions }, position);
        float[] output = Numbers(shape.Batch * shape.Heads * shape.QueryLength * shape.ValueDimension);
        bool[] mask = hasChoices ? new bool[shape.KeyLength] : [];
        int[] lengths = hasChoices ? new int[shape.Batch] : [];

        ForwardReport report = attention.Forward(
            Numbers(shape.Batch * shape.Heads * shape.QueryLength * 3), Numbers(shape.Batch * 2 * shape.KeyLength * 3), Numbers(shape.Batch * 2 * shape.KeyLength * 5), output, mask, lengths);

        Assert.All(output, number => Assert.Equal(0, number));
        Assert.Equal((0, 0), (report.RepairedRows, report.FallbackHeads));
        Assert.Equal(0, attention.WorkspaceBytes);
    }

    [Fact]
    public void AQueryThatIsNotFinitePoisonsItsRowAllTheSame()
    {
        using var attention = new SoftmaxAttention(Without("keys"));
        float[] query = Numbers(2 * 4 * 6 * 3), output = new float[2 * 4 * 6 * 5];
        query[(3 * 3) + 1] = float.NegativeInfinity;

        attention.Forward(query, default, default, output);

        Assert.All(Enumerable.Range(0, output.Length), i => Assert.Equal(i / 5 == 3 ? float.NaN : 0, output[i]));
    }

    [Theory]
    [InlineData("sequences")]
    [InlineData("queries")]
    [InlineData("keys")]
    public void ThePlanSaysSo(string without)
    {
        AttentionShape shape = Without(without);
        ExecutionPlan plan = ExecutionPlan.Create(shape);

        Assert.Equal((Method.Direct, $"nothing to compute, there are no {without}"), (plan.Method, plan.Reason));
        Assert.Empty(plan.Candidates);
        Assert.Equal(Method.Fft, ExecutionPlan.Create(shape, new() { Method = Method.Fft }, RelativePosition.Alibi([1])).Method);
    }

    // n_q + n_k − 1 offsets, or none.
    [Fact]
    public void ADenseBiasOfNoPairsHasTheOffsetsOfItsLengths()
    {
        Assert.Equal(6, RelativePosition.Dense(new float[6], 0, 7).Bias.Length);
        Assert.Equal(0, RelativePosition.Dense([], 0, 0, heads: 3).Bias.Length);
        Assert.Throws<ShapeException>(() => RelativePosition.Dense(new float[7], 7, 0));
    }

    [Fact]
    public void WrongTensorsAreStillRefused()
    {
        using var attention = new SoftmaxAttention(Without("keys"));
        Assert.Throws<ShapeException>(() => attention.Forward(new float[144], new float[3], default, new float[240]));
        Assert.Throws<ShapeException>(() => attention.Forward(new float[144], default, default, new float[239]));
    }

    [Theory]
    [InlineData(0, 3, 2)]
    [InlineData(3, 0, 2)]
    [InlineData(0, 0, 0)]
    [InlineData(3, 2, 0)]
    public void AToeplitzProductOfNothingIsZero(int rowsOut, int rowsIn, int columns)
    {
        var plan = new ToeplitzPlan(Numbers(Math.Max(rowsOut + rowsIn - 1, 0)), rowsOut, rowsIn);
        float[] y = Numbers(2 * rowsOut * columns);
        plan.Multiply(Numbers(2 * rowsIn * columns), y, columns, heads: 2);
        plan.Multiply(default, default, 4, heads: 0);
        Assert.All(y, number => Assert.Equal(0, number));
    }

    [Fact]
    public void FastRpbOfNoTokensLeavesSpecialTokensZero()
    {
        var rpb = new FastRpb([], 0, new() { Heads = 2, Prefix = 1, Suffix = 2 });
        var shape = new AttentionShape(2, 3, 1) { ValueDimension = 5 };
        float[] value = Numbers(30), output = Numbers(30), sum = Numbers(30);

        rpb.Forward(shape, value, output);
        rpb.AddTo(shape, value, sum);

        Assert.All(output, number => Assert.Equal(0, number));
        Assert.Equal(Numbers(30), sum);
        new FastRpb(new float[5], 3).Forward(shape with { Batch = 0 }, default, default, new bool[3]);
        new FastRpb([], 0).Forward(new AttentionShape(2, 0, 1), default, default);
    }

    private static AttentionShape Without(string what) => what switch
    {
        "sequences" => Full with { Batch = 0 },
        "queries" => Full with { QueryLength = 0 },
        _ => Full with { KeyLength = 0 },
    };

    private static float[] Numbers(int count) => new Numbers(1).Normals(count);
}
