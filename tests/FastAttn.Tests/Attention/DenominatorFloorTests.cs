using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>SchoenbAt's least denominator: every method divides by what the definition says, whatever scale its sums are kept in.</summary>
public sealed class DenominatorFloorTests
{
    [Property]
    public void AnyFloorAnyMethod(int seed)
    {
        var numbers = new Numbers(seed);
        int length = numbers.Between(1, 200);
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(2, length, 6) { Batch = numbers.Between(1, 2), ValueDimension = 4 }, seed)
            .With(options => options with { Causal = numbers.Chance(0.5), Method = numbers.Pick(Method.Auto, Method.Direct, Method.Fft) });
        if (numbers.Chance(0.6)) call = call.WithNormalBias(numbers.Pick(0.5, 5), seed);
        if (numbers.Chance(0.3)) call = call with { KeyMask = [.. Enumerable.Range(0, length).Select(_ => numbers.Chance(0.7))] };
        var options = new SchoenbatOptions
        {
            Kernel = numbers.Pick(Enum.GetValues<SchoenbatKernel>()),
            Features = numbers.Between(2, 60),
            Literal = numbers.Chance(0.3),
            Seed = (ulong)numbers.Between(0, 1000),
            DenominatorFloor = numbers.Pick(1f, 0.01f, 20, 1e6f),
        };
        new SchoenbatProblem(call, options).Holds();
    }

    /// <summary>Chunks of rows, and rows that are repaired one by one: a bias that falls by hundreds leaves denominators far below the largest coefficient.</summary>
    [Theory]
    [InlineData(Method.Decay, 0.02)]
    [InlineData(Method.Band, 0.02)]
    [InlineData(Method.Linear, 0)]
    [InlineData(Method.Fft, 0.6)]
    [InlineData(Method.Direct, 0.6)]
    public void RowsInChunksAndRepairedOnes(Method method, double slope)
    {
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(1, 1200, 6) { ValueDimension = 3 }, 4).By(method);
        if (slope > 0) call = call.WithBias(t => method == Method.Band ? -slope * Math.Min(Math.Abs(t), 30) : -slope * Math.Abs(t));
        if (method is Method.Fft or Method.Direct) call = call with { KeyMask = [.. Enumerable.Range(0, 1200).Select(j => j < 300)] };
        foreach (float floor in (float[])[1, 40, 1e-30f])
            new SchoenbatProblem(call, new SchoenbatOptions { Features = 24, Seed = 3, DenominatorFloor = floor }).Holds(row => row < 40 || row % 37 == 0);
    }

    /// <summary>Without random features beside the constant one every term is 1 + a little: two keys with a floor of 8 give a quarter.</summary>
    [Fact]
    public void WorkedExample()
    {
        // Rows of equal entries lose everything with their mean, so φ·φ is exactly 1.
        var call = new AttentionProblem(new AttentionShape(1, 1, 2) { KeyLength = 2, ValueDimension = 1 }, [3, 3], [1, 1, 2, 2], [4, 12]);
        Assert.Equal(8f, new SchoenbatProblem(call, new SchoenbatOptions()).Run().Output[0], 1e-6);
        Assert.Equal(2f, new SchoenbatProblem(call, new SchoenbatOptions { DenominatorFloor = 8 }).Run().Output[0], 1e-6);
    }
}
