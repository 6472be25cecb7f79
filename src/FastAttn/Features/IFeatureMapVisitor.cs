namespace FastAttn.Features;

/// <summary>Work that is written once and compiled for each feature map.</summary>
internal interface IFeatureMapVisitor<out TResult>
{
    /// <summary>Called with the chosen map.</summary>
    TResult Visit<TMap>(TMap map)
        where TMap : struct, IFeatureMap;
}
