namespace FastAttn;

/// <summary>What one forward call did.</summary>
/// <param name="Method">The method that ran in most heads.</param>
/// <param name="RepairedRows">Rows, over all batches and heads, that were recomputed because their error could not be certified.</param>
/// <param name="FallbackHeads">Heads that were computed directly because more than a tenth of their rows would have needed repair.</param>
/// <param name="Tier">The instruction tier of the kernels.</param>
public readonly record struct ForwardReport(Method Method, long RepairedRows, int FallbackHeads, InstructionTier Tier);
