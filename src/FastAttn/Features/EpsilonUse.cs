namespace FastAttn.Features;

/// <summary>What a feature map makes of <c>FeatureEpsilon</c>.</summary>
internal enum EpsilonUse
{
    /// <summary>It has none.</summary>
    None,

    /// <summary>It is part of the map.</summary>
    InMap,

    /// <summary>It is added to finished features, so that keys' features depend on the largest of all keys.</summary>
    AddedToFeatures,
}
