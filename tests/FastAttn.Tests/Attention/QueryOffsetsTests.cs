using FastAttn.Tests.Infrastructure;
using Xunit;

namespace FastAttn.Tests.Attention;

/// <summary>A batch whose sequences have query offsets of their own is those sequences, one by one, bit for bit.</summary>
public sealed class QueryOffsetsTests
{
    private static readonly int[] Offsets = [3, 40, -2, 3, 1000];

    public static TheoryData<AttentionKind, bool> Kinds() => Combinations.Of<AttentionKind, bool>(
        [AttentionKind.Kernelized, AttentionKind.Softmax, AttentionKind.Gaussian, AttentionKind.Schoenbat], [false, true]);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void EverySequenceHasItsOwn(AttentionKind kind, bool causal)
    {
        var shape = new AttentionShape(2, 20, 6) { Batch = 5, KeyHeads = 1, KeyLength = 50, ValueDimension = 4 };
        RelativePosition position = RelativePosition.Alibi([0.1f, 0.5f]);
        var numbers = new Numbers(1);
        float[] query = numbers.Normals(5 * 2 * 20 * 6), key = numbers.Normals(5 * 50 * 6), value = numbers.Normals(5 * 50 * 4), output = new float[5 * 2 * 20 * 4];
        using AttentionSystem batch = AttentionSystem.Create(kind, shape, new CommonOptions { Causal = causal, QueryOffsets = Offsets, Threads = 2 }, position);

        batch.Forward(query, key, value, output);

        for (int sequence = 0; sequence < 5; sequence++)
        {
            float[] own = new float[2 * 20 * 4];
            using AttentionSystem alone = AttentionSystem.Create(
                kind, shape with { Batch = 1 }, new CommonOptions { Causal = causal, QueryOffset = Offsets[sequence], Threads = 1 }, position);
            alone.Forward(query.AsSpan(sequence * 240, 240), key.AsSpan(sequence * 300, 300), value.AsSpan(sequence * 200, 200), own);
            Assert.Equal(own, output[(sequence * 160)..((sequence + 1) * 160)]);
        }
    }

    [Fact]
    public void EverySequenceHasAPlan()
    {
        var shape = new AttentionShape(1, 4, 6) { Batch = 3, KeyLength = 9 };
        using var attention = new KernelizedAttention(shape, new() { Causal = true, QueryOffsets = [5, -9, 5] });
        Assert.Equal(3, attention.Plans.Count);
        Assert.Same(attention.Plans[0], attention.Plan);
        Assert.Same(attention.Plans[0], attention.Plans[2]);
        Assert.NotSame(attention.Plans[0], attention.Plans[1]);
    }

    [Fact]
    public void BesideOneForAllOrOfAnotherNumberTheyAreRefused()
    {
        var shape = new AttentionShape(1, 4, 6) { Batch = 3 };
        Refused<ArgumentException>(() => new KernelizedAttention(shape, new() { QueryOffset = 1, QueryOffsets = [1, 2, 3] }), "QueryOffsets is given beside QueryOffset = 1");
        Refused<ShapeException>(() => new SoftmaxAttention(shape, new() { QueryOffsets = [1, 2] }), "QueryOffsets has 2 entries; expected one a sequence, 3");
        Refused<ShapeException>(() => new SchoenbatAttention(shape, new() { QueryOffsets = [] }), "QueryOffsets has 0 entries; expected one a sequence, 3");
        Refused<ArgumentException>(() => AttentionSystem.Create(AttentionKind.Skyformer, shape, new CommonOptions { QueryOffsets = [1, 2, 3] }), "skyformer");
        new GaussianAttention(shape with { Batch = 0 }, new() { Causal = true, QueryOffsets = [] }).Dispose();
    }

    private static void Refused<TError>(Func<object> call, string message)
        where TError : ArgumentException => Assert.Contains(message, Assert.Throws<TError>(call).Message, StringComparison.Ordinal);
}
