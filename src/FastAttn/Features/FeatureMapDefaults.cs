namespace FastAttn.Features;

/// <summary>What a feature map does unless the caller says otherwise.</summary>
/// <param name="Projects">Whether it reads a random projection.</param>
/// <param name="IsSigned">Whether features can be negative.</param>
/// <param name="Normalizes">Whether rows are scaled to length one.</param>
/// <param name="Scale">The factor on un-normalised rows.</param>
/// <param name="FeaturesPerColumn">Features out per projection row (or per entry).</param>
/// <param name="IsGiven">Whether rows are features already.</param>
/// <param name="Rolls">Whether it rolls its entries ν times.</param>
/// <param name="Epsilon">What it makes of an epsilon.</param>
internal readonly record struct FeatureMapDefaults(
    bool Projects, bool IsSigned, bool Normalizes, double Scale, int FeaturesPerColumn, bool IsGiven, bool Rolls, EpsilonUse Epsilon);
