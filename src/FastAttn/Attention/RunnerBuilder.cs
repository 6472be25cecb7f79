using FastAttn.Features;
using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Methods;
using FastAttn.Positions;

namespace FastAttn.Attention;

/// <summary>Puts a plan's feature stage and method together for the tier that runs.</summary>
internal sealed class RunnerBuilder(
    KernelizedAttentionSettings settings, ExecutionPlan plan, RandomProjection? projection, PreparedPosition positions) : ITierVisitor<HeadRunner>
{
    public HeadRunner Visit<TKernels>()
        where TKernels : struct, IKernels
    {
        FeatureStage stage = FeatureMaps.Visit(settings.Map, settings.Nu, new StageBuilder<TKernels>(settings, projection));
        AttentionMethod method = plan.Method switch
        {
            Method.Fft => new FftMethod<TKernels>(LaneFft.Get(plan.FftLength, TKernels.Lanes), positions.Layout, settings.Shape.KeyLength),
            Method.Linear => new LinearMethod<TKernels>(),
            Method.Band or Method.Decay => new TailScanMethod<TKernels>(plan.Method, settings.Allowance),
            Method.Multipole => new MultipoleMethod<TKernels>(settings.Allowance),
            _ => new DirectMethod<TKernels>(),
        };
        return new HeadRunner<TKernels>(settings.Shape, stage, method, positions, settings.Tolerance);
    }

    private sealed class StageBuilder<TKernels>(KernelizedAttentionSettings settings, RandomProjection? projection) : IFeatureMapVisitor<FeatureStage>
        where TKernels : struct, IKernels
    {
        public FeatureStage Visit<TMap>(TMap map)
            where TMap : struct, IFeatureMap =>
            new FeatureStage<TKernels, TMap>(map, settings.Shape.HeadDimension, projection, settings.Normalize, settings.Scale);
    }
}
