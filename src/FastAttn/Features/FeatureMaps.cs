namespace FastAttn.Features;

/// <summary>The table of feature maps.</summary>
internal static class FeatureMaps
{
    public static TResult Visit<TResult>(FeatureMap map, IFeatureMapVisitor<TResult> visitor) => map switch
    {
        FeatureMap.Prf => visitor.Visit<PositiveRandomFeatures>(),
        FeatureMap.Trf => visitor.Visit<TrigonometricRandomFeatures>(),
        FeatureMap.Elu => visitor.Visit<EluFeatures>(),
        FeatureMap.Relu => visitor.Visit<ReluFeatures>(),
        _ => visitor.Visit<ShiftInvariantFeatures>(),
    };

    /// <summary>What a map does unless the caller says otherwise.</summary>
    public static FeatureMapDefaults Defaults(FeatureMap map, int headDimension) => Visit(map, new DefaultsVisitor(headDimension));

    private sealed class DefaultsVisitor(int headDimension) : IFeatureMapVisitor<FeatureMapDefaults>
    {
        public FeatureMapDefaults Visit<TMap>()
            where TMap : struct, IFeatureMap =>
            new(TMap.Projects, TMap.NormalizesByDefault, TMap.DefaultScale(headDimension), TMap.FeaturesPerColumn);
    }
}
