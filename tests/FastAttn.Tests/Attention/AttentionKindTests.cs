using FastAttn.Tests.Infrastructure;
using Xunit;

namespace FastAttn.Tests.Attention;

/// <summary>An attention made by its name is the one made by its own constructor with the same choices.</summary>
public sealed class AttentionKindTests
{
    private static readonly AttentionShape Shape = new(2, 70, 8) { Batch = 2, KeyHeads = 1, ValueDimension = 5 };

    public static TheoryData<AttentionKind, bool> Kinds() => Combinations.Of<AttentionKind, bool>(Enum.GetValues<AttentionKind>(), [false, true]);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void IsWhatItsConstructorMakes(AttentionKind kind, bool causal)
    {
        if (kind == AttentionKind.Skyformer && causal) return;
        var numbers = new Numbers(1);
        RelativePosition position = RelativePosition.Dense(numbers.Normals(139), 70, 70);
        int? budget = kind is AttentionKind.Softmax or AttentionKind.Gaussian ? null : 24;
        bool isSkyformer = kind == AttentionKind.Skyformer;
        using AttentionSystem named = AttentionSystem.Create(
            kind, Shape, new CommonOptions { Budget = budget, Causal = causal, Seed = 7, Threads = 2 }, isSkyformer ? null : position);
        using AttentionSystem own = kind switch
        {
            AttentionKind.Softmax => new SoftmaxAttention(Shape, new SoftmaxAttentionOptions { Causal = causal }, position),
            AttentionKind.Gaussian => new GaussianAttention(Shape, new GaussianAttentionOptions { Causal = causal }, position),
            AttentionKind.Skyformer => new SkyformerAttention(Shape, new SkyformerOptions { Landmarks = 24, Seed = 7 }),
            AttentionKind.Schoenbat => new SchoenbatAttention(Shape, new SchoenbatOptions { Features = 24, Causal = causal, Seed = 7 }, position),
            _ => new KernelizedAttention(Shape, new KernelizedAttentionOptions { Features = 24, Causal = causal, Seed = 7 }, position),
        };

        Assert.Equal(own.GetType(), named.GetType());
        Assert.Equal(Run(own), Run(named));
    }

    [Theory]
    [InlineData(AttentionKind.Softmax)]
    [InlineData(AttentionKind.Gaussian)]
    public void ExactAttentionsRefuseABudget(AttentionKind kind)
    {
        ArgumentException refused = Assert.Throws<ArgumentException>(() => AttentionSystem.Create(kind, Shape, new CommonOptions { Budget = 3 }));
        Assert.Equal("Budget", refused.ParamName);
        Assert.Contains("Budget is 3; expected none", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SkyformerRefusesCausalityAndPositions()
    {
        CommonOptions[] refused = [new() { Causal = true }, new() { QueryOffset = 1 }];
        Assert.All(refused, options => Assert.Throws<ArgumentException>(() => AttentionSystem.Create(AttentionKind.Skyformer, Shape, options)));
        Assert.Throws<ArgumentException>(() => AttentionSystem.Create(AttentionKind.Skyformer, Shape, position: RelativePosition.Alibi([1f])));
    }

    [Fact]
    public void AnUnknownKindIsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => AttentionSystem.Create((AttentionKind)99, Shape));

    private static float[] Run(AttentionSystem attention)
    {
        var numbers = new Numbers(2);
        float[] output = new float[2 * 2 * 70 * 5];
        attention.Forward(numbers.Normals(2 * 2 * 70 * 8), numbers.Normals(2 * 70 * 8), numbers.Normals(2 * 70 * 5), output);
        return output;
    }
}
