using System.Numerics.Tensors;

namespace FastAttn.Tests.Attention;

/// <summary>Tensors with any strides on batch, head and row are read and written in place, with the same bits as dense ones.</summary>
public sealed class StrideTests
{
    private static readonly AttentionShape Shape = new(4, 50, 12) { Batch = 2, KeyHeads = 2, KeyLength = 61, ValueDimension = 7 };

    public static TheoryData<Method> Methods() => [Method.Direct, Method.Fft, Method.Linear];

    [Theory]
    [MemberData(nameof(Methods))]
    public void LengthMajorTensorsAreReadInPlace(Method method)
    {
        AttentionProblem problem = Problem(method);
        var strided = Array.ConvertAll(Operands(problem), operand => operand.LengthMajor(gap: 0));
        AssertSame(problem, strided, new Operand(new float[2 * 4 * 50 * 7], 2, 4, 50, 7).LengthMajor(gap: 0));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void GapsBetweenRowsAreNeitherReadNorWritten(Method method)
    {
        AttentionProblem problem = Problem(method);
        var strided = Array.ConvertAll(Operands(problem), operand => operand.LengthMajor(gap: 3));
        AssertSame(problem, strided, new Operand(new float[2 * 4 * 50 * 7], 2, 4, 50, 7).LengthMajor(gap: 5));
    }

    [Fact]
    public void LeadingAxesMayBeAbsent()
    {
        var shape = new AttentionShape(1, 20, 8) { KeyLength = 30, ValueDimension = 5 };
        AttentionProblem problem = AttentionProblem.Normal(shape, 4).WithNormalBias(0.5, 5);
        using KernelizedAttention attention = problem.Prepare();
        float[] expected = problem.Run(attention).Output, rank2 = new float[100], rank3 = new float[100];
        attention.Forward(
            new ReadOnlyTensorSpan<float>(problem.Query, [20, 8]), new ReadOnlyTensorSpan<float>(problem.Key, [30, 8]),
            new ReadOnlyTensorSpan<float>(problem.Value, [30, 5]), new TensorSpan<float>(rank2, [20, 5]));
        attention.Forward(
            new ReadOnlyTensorSpan<float>(problem.Query, [1, 20, 8]), new ReadOnlyTensorSpan<float>(problem.Key, [1, 30, 8]),
            new ReadOnlyTensorSpan<float>(problem.Value, [1, 30, 5]), new TensorSpan<float>(rank3, [1, 20, 5]));
        Assert.Equal(expected, rank2);
        Assert.Equal(expected, rank3);
    }

    private static AttentionProblem Problem(Method method)
    {
        AttentionProblem problem = AttentionProblem.Normal(Shape, 1).By(method);
        return method == Method.Linear ? problem : problem.WithNormalBias(0.5, 2, perHead: true);
    }

    private static Operand[] Operands(AttentionProblem problem) =>
    [
        new(problem.Query, 2, 4, 50, 12), new(problem.Key, 2, 2, 61, 12), new(problem.Value, 2, 2, 61, 7),
    ];

    private static void AssertSame(AttentionProblem problem, StridedOperand[] inputs, StridedOperand destination)
    {
        using KernelizedAttention attention = problem.Prepare();
        float[] expected = problem.Run(attention).Output;
        attention.Forward(inputs[0].Read(), inputs[1].Read(), inputs[2].Read(), destination.Write());
        Assert.Equal(expected, destination.Dense());
        Assert.All(destination.Gaps(), gap => Assert.True(float.IsNaN(gap)));
    }

    /// <summary>A dense tensor [B, H, n, d].</summary>
    private sealed record Operand(float[] Data, int Batch, int Heads, int Rows, int Columns)
    {
        /// <summary>The same tensor in memory as [B, n, H, d], NaN in <paramref name="gap"/> floats after each row.</summary>
        public StridedOperand LengthMajor(int gap)
        {
            int row = Heads * (Columns + gap);
            var data = new float[Batch * Rows * row];
            data.AsSpan().Fill(float.NaN);
            var strided = new StridedOperand(data, [Batch, Heads, Rows, Columns], [Rows * row, Columns + gap, row, 1]);
            for (int i = 0; i < Data.Length; i++) data[strided.Place(i)] = Data[i];
            return strided;
        }
    }

    private sealed record StridedOperand(float[] Data, nint[] Lengths, nint[] Strides)
    {
        /// <summary>Where element <paramref name="index"/> of the dense tensor lies.</summary>
        public int Place(int index)
        {
            nint place = 0;
            for (int axis = 3; axis >= 0; axis--)
            {
                place += index % (int)Lengths[axis] * Strides[axis];
                index /= (int)Lengths[axis];
            }

            return (int)place;
        }

        public ReadOnlyTensorSpan<float> Read() => new(Data, Lengths, Strides);

        public TensorSpan<float> Write() => new(Data, Lengths, Strides);

        public float[] Dense() => [.. Enumerable.Range(0, Count).Select(index => Data[Place(index)])];

        public float[] Gaps() =>
            [.. Enumerable.Range(0, Data.Length).Except(Enumerable.Range(0, Count).Select(Place)).Select(place => Data[place])];

        private int Count => (int)(Lengths[0] * Lengths[1] * Lengths[2] * Lengths[3]);
    }
}
