namespace FastAttn.Cli.Compare;

/// <summary>One system of the comparison.</summary>
/// <param name="Name">As the user knows it.</param>
/// <param name="Budget">What it spends: features, landmarks or nothing.</param>
/// <param name="Exact">What it computes or estimates.</param>
/// <param name="Create">Prepares it for the inputs.</param>
/// <param name="Weights">FastRPB weights <c>[heads, 2n − 1]</c> whose product with the values is added to the output; null for none.</param>
internal sealed record ComparedSystem(string Name, string Budget, ExactForm Exact, Func<AttentionSystem> Create, float[]? Weights = null);
