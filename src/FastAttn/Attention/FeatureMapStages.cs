using FastAttn.Features;
using FastAttn.Kernels;

namespace FastAttn.Attention;

/// <summary>The feature stage of kernelized attention: the map the caller chose.</summary>
internal sealed class FeatureMapStages(KernelizedAttentionSettings settings, RandomProjection? projection) : ITierVisitor<FeatureStage>
{
    public FeatureStage Visit<TKernels>()
        where TKernels : struct, IKernels
    {
        FeatureStage stage = FeatureMaps.Visit(settings.Map, settings.Nu, settings.IsSigned, new OfMap<TKernels>(settings, projection), settings.Epsilon);
        return settings is { Defaults.Epsilon: EpsilonUse.AddedToFeatures, Epsilon: float epsilon }
            ? new StabilizedStage<TKernels>(stage, new RowFactors(settings.Normalize, settings.Scale), epsilon)
            : stage;
    }

    private sealed class OfMap<TKernels>(KernelizedAttentionSettings settings, RandomProjection? projection) : IFeatureMapVisitor<FeatureStage>
        where TKernels : struct, IKernels
    {
        public FeatureStage Visit<TMap>(TMap map)
            where TMap : struct, IFeatureMap =>
            new FeatureStage<TKernels, TMap>(map, settings.Shape.HeadDimension, projection, settings.Normalize, settings.Scale);
    }
}
