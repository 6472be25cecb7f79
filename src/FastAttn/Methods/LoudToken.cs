namespace FastAttn.Methods;

/// <summary>A token that was taken out of a head.</summary>
/// <param name="Token">Which one.</param>
/// <param name="Scale">The logarithm of its key's largest feature.</param>
/// <param name="Norm">‖v‖.</param>
internal readonly record struct LoudToken(int Token, double Scale, double Norm);
