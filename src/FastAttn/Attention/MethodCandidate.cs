namespace FastAttn;

/// <summary>One method as the planner sees it.</summary>
/// <param name="Method">The method.</param>
/// <param name="Admissible">Whether it can compute this problem.</param>
/// <param name="Reason">Why it is admissible or not, in one phrase.</param>
/// <param name="SecondsPerHead">Estimated time of one head on one core, in seconds; NaN when not admissible.</param>
/// <param name="WorkspaceBytes">Working memory of one head in flight.</param>
public sealed record MethodCandidate(Method Method, bool Admissible, string Reason, double SecondsPerHead, long WorkspaceBytes);
