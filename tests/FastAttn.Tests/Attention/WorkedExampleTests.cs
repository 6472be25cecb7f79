using Xunit;

namespace FastAttn.Tests.Attention;

/// <summary>The worked example of src/FastAttn/README.md; the numbers are checked by hand there and stand in every language's manual.</summary>
public class WorkedExampleTests
{
    [Theory]
    [InlineData(Method.Direct)]
    [InlineData(Method.Fft)]
    public void Bidirectional(Method method) => Check(method, causal: false, [260 / 86.0, 204 / 67.0, 315 / 99.0]);

    [Theory]
    [InlineData(Method.Direct)]
    [InlineData(Method.Fft)]
    public void Causal(Method method) => Check(method, causal: true, [41 / 25.0, 84 / 37.0, 315 / 99.0]);

    [Fact]
    public void Toeplitz()
    {
        float[] y = new float[3];
        new ToeplitzPlan([1, 2, 3, 4, 5, 6], 3, 4).Multiply([1, 10, 100, 1000], y, 1);
        Assert.Equal([6543, 5432, 4321], y.Select(x => (int)MathF.Round(x)));
    }

    [Fact]
    public void SoftmaxGaussianAndSkyformer()
    {
        float[] q = [0], k = [1, -1], v = [3, 5], z = new float[1];
        var shape = new AttentionShape(Heads: 1, QueryLength: 1, HeadDimension: 1) { KeyLength = 2, ValueDimension = 1 };
        foreach ((AttentionSystem attention, double expected) in ((AttentionSystem, double)[])[
            (new SoftmaxAttention(shape), 4),
            (new SoftmaxAttention(shape, null, RelativePosition.Dense([0, MathF.Log(3)], 1, 2)), 4.5),
            (new GaussianAttention(shape), 4.8522453),
            (new SkyformerAttention(shape, new SkyformerOptions { Gamma = 0 }), 4.8522453),
            (new SkyformerAttention(shape, new SkyformerOptions { LandmarkIndices = [0], Gamma = 1 }), 2.4261226)])
        {
            attention.Forward(q.AsSpan(), k, v, z);
            Assert.Equal(expected, z[0], 1e-5);
            attention.Dispose();
        }
    }

    [Theory]
    [InlineData(Method.Direct)]
    [InlineData(Method.Fft)]
    public void OnAGrid(Method method)
    {
        float[] q = [0, 1, 0, 1], k = [0, 1, 2, 3], v = [1, 2, 3, 4], z = new float[4];
        float[] b = [.. Enumerable.Range(1, 9).Select(x => MathF.Log(x))];
        using var attention = new KernelizedAttention(
            new AttentionShape(Heads: 1, QueryLength: 4, HeadDimension: 1),
            new KernelizedAttentionOptions { FeatureMap = FeatureMap.Elu, Method = method },
            RelativePosition.Grid(b, height: 2, width: 2));
        attention.Forward(q.AsSpan(), k, v, z);
        double[] expected = [245 / 77.0, 215 / 67.0, 155 / 47.0, 125 / 37.0];
        for (int i = 0; i < 4; i++) Assert.Equal(expected[i], z[i], 4 * 16 * Math.Pow(2, -24));
    }

    [Theory]
    [InlineData(Method.Direct)]
    [InlineData(Method.Linear)]
    public void Schoenbat(Method method)
    {
        float[] q = [2, 0], k = [3, 1, 0, 5], v = [0, 10], z = new float[1];
        using var attention = new SchoenbatAttention(
            new AttentionShape(Heads: 1, QueryLength: 1, HeadDimension: 2) { KeyLength = 2, ValueDimension = 1 },
            new SchoenbatOptions { Draw = MaclaurinFeatures.FromValues([2], [1, -1, 1, -1], 2, SchoenbatKernel.Inv, exactDegrees: 1), Method = method });
        attention.Forward(q.AsSpan(), k, v, z);

        // P[2] is a half but for 2⁻¹⁹ of itself, which moves the result by less than 1e-6.
        Assert.Equal(5 - Math.Sqrt(0.5), z[0], 1e-6 + (5 * 16 * Math.Pow(2, -24)));
    }

    private static void Check(Method method, bool causal, double[] expected)
    {
        float[] q = [0, 1, 1, 0, 2, 2], k = [0, 0, 1, 0, 0, 1, 1, 1], v = [1, 2, 3, 4], z = new float[3];
        float[] b = [.. Enumerable.Range(1, 6).Select(x => MathF.Log(x))];
        using var attention = new KernelizedAttention(
            new AttentionShape(Heads: 1, QueryLength: 3, HeadDimension: 2) { KeyLength = 4, ValueDimension = 1 },
            new KernelizedAttentionOptions { FeatureMap = FeatureMap.Elu, Causal = causal, Method = method },
            RelativePosition.Dense(b, 3, 4));
        attention.Forward(q.AsSpan(), k, v, z);

        // Four terms, each rounded a few times: 16 half ulps of a value below 4.
        for (int i = 0; i < 3; i++) Assert.Equal(expected[i], z[i], 4 * 16 * Math.Pow(2, -24));
    }
}
