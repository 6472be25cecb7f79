using FastAttn.Cli.Demo;

namespace FastAttn.Cli.Compare;

/// <summary>Every system of the library at one budget: so many features of each token, or so many landmarks.</summary>
internal static class ComparedSystems
{
    private const int Dimension = DemoShape.HeadDimension;
    private const ulong WeightSeed = 5;

    /// <summary>The systems for the inputs; those that know positions get the bias.</summary>
    public static IReadOnlyList<ComparedSystem> Of(AttentionData data, int budget, int threads)
    {
        AttentionShape shape = data.Shape;
        RelativePosition bias = RelativePosition.Dense(data.Bias, data.Length, data.Length, DemoShape.Heads);
        RandomProjection projection = RandomProjection.Create(budget, Dimension);
        ComparedSystem Kernelized(FeatureMap map, string spent, ExactForm exact) => new(
            $"kernelized {Words.Of(map)}", spent, exact,
            () => new KernelizedAttention(
                shape,
                new KernelizedAttentionOptions
                {
                    FeatureMap = map,
                    Threads = threads,
                    Projection = map is FeatureMap.Prf or FeatureMap.Trf or FeatureMap.Relu ? projection : null,
                },
                bias));
        ComparedSystem Schoenbat(SchoenbatKernel kernel, Func<double, double> function) => new(
            $"schoenbat {Words.Of(kernel)}", $"{budget} features", ExactForm.DotProductKernel(Dimension, function),
            () => new SchoenbatAttention(shape, new SchoenbatOptions { Kernel = kernel, Features = budget, Threads = threads }));

        return
        [
            new("softmax", "exact", ExactForm.Softmax(Dimension), () => new SoftmaxAttention(shape, new SoftmaxAttentionOptions { Threads = threads }, bias)),
            new(
                "softmax + fast_rpb", "exact", ExactForm.Softmax(Dimension),
                () => new SoftmaxAttention(shape, new SoftmaxAttentionOptions { Threads = threads }, bias), Weights(data.Length)),
            Kernelized(FeatureMap.Prf, $"{budget} features", ExactForm.NormalizedExponential),
            Kernelized(FeatureMap.Trf, $"{budget} × 2 features", ExactForm.NormalizedExponential),
            Kernelized(FeatureMap.Relu, $"{budget} features", ExactForm.Features(row => ElementwiseMaps.Relu(row, projection))),
            Kernelized(FeatureMap.Elu, $"{Dimension} features", ExactForm.Features(ElementwiseMaps.Elu)),
            Kernelized(FeatureMap.Sikf, $"{Dimension} features", ExactForm.Features(ElementwiseMaps.Sikf)),
            Kernelized(FeatureMap.Dpfp, $"{2 * Dimension} features", ExactForm.Features(ElementwiseMaps.Dpfp)),
            new("gaussian", "exact", ExactForm.Gaussian(Dimension), () => new GaussianAttention(shape, new GaussianAttentionOptions { Threads = threads })),
            new(
                "skyformer", $"{budget} landmarks", ExactForm.Gaussian(Dimension),
                () => new SkyformerAttention(shape, new SkyformerOptions { Landmarks = Math.Min(budget, 2 * data.Length), Threads = threads })),
            Schoenbat(SchoenbatKernel.Exp, Math.Exp),
            Schoenbat(SchoenbatKernel.Inv, t => 1 / (1 - t)),
            Schoenbat(SchoenbatKernel.Log, t => 1 - Math.Log(1 - t)),
            Schoenbat(SchoenbatKernel.Sqrt, t => 2 - Math.Sqrt(1 - t)),
        ];
    }

    /// <summary>FastRPB weights N(0,1)/n from a fixed seed: its part of a row is then about as large as a mean of all values.</summary>
    private static float[] Weights(int length)
    {
        var normal = new NormalGenerator(WeightSeed);
        float[] weights = new float[DemoShape.Heads * (2 * length - 1)];
        for (int i = 0; i < weights.Length; i++) weights[i] = (float)(normal.Next() / length);
        return weights;
    }
}
