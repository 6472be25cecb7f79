namespace FastAttn.Features;

/// <summary>The table of feature maps.</summary>
internal static class FeatureMaps
{
    /// <summary>
    /// Calls the visitor with a map; <paramref name="nu"/> is read by DPFP only, <paramref name="isSigned"/> by given features, <paramref name="epsilon"/> by ReLU.
    /// </summary>
    public static TResult Visit<TResult>(FeatureMap map, int nu, bool isSigned, IFeatureMapVisitor<TResult> visitor, float? epsilon = null) => map switch
    {
        FeatureMap.Prf => visitor.Visit(default(PositiveRandomFeatures)),
        FeatureMap.Trf => visitor.Visit(default(TrigonometricRandomFeatures)),
        FeatureMap.Elu => visitor.Visit(default(EluFeatures)),
        FeatureMap.Relu => visitor.Visit(new ReluFeatures(epsilon ?? ReluFeatures.DefaultFloor)),
        FeatureMap.Dpfp => visitor.Visit(new DeterministicParameterFreeFeatures(nu)),
        FeatureMap.Sikf => visitor.Visit(default(ShiftInvariantFeatures)),
        FeatureMap.Given => isSigned ? visitor.Visit(default(SignedGivenFeatures)) : visitor.Visit(default(GivenFeatures)),
    };

    /// <summary>What a map does unless the caller says otherwise.</summary>
    public static FeatureMapDefaults Defaults(FeatureMap map, int nu, bool isSigned, int headDimension) => Visit(map, nu, isSigned, new DefaultsVisitor(headDimension));

    private sealed class DefaultsVisitor(int headDimension) : IFeatureMapVisitor<FeatureMapDefaults>
    {
        public FeatureMapDefaults Visit<TMap>(TMap map)
            where TMap : struct, IFeatureMap =>
            new(TMap.Projects, TMap.IsSigned, TMap.NormalizesByDefault, TMap.DefaultScale(headDimension), map.FeaturesPerColumn, TMap.IsGiven, TMap.Rolls, TMap.Epsilon);
    }
}
