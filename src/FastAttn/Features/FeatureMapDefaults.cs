namespace FastAttn.Features;

/// <summary>What a feature map does unless the caller says otherwise.</summary>
/// <param name="Projects">Whether it reads a random projection.</param>
/// <param name="IsSigned">Whether features can be negative.</param>
/// <param name="Normalizes">Whether rows are scaled to length one.</param>
/// <param name="Scale">The factor on un-normalised rows.</param>
/// <param name="FeaturesPerColumn">Features out per projection row (or per entry).</param>
internal readonly record struct FeatureMapDefaults(bool Projects, bool IsSigned, bool Normalizes, double Scale, int FeaturesPerColumn);
