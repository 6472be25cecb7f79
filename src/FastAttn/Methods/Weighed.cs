namespace FastAttn.Methods;

/// <summary>A method weighed for a problem.</summary>
/// <param name="Method">The method.</param>
/// <param name="Admissible">Whether it can compute the problem.</param>
/// <param name="Reason">Why it is admissible or not, in one phrase.</param>
/// <param name="Seconds">Estimated time of one head on one core; NaN when not admissible.</param>
internal sealed record Weighed(Method Method, bool Admissible, string Reason, double Seconds)
{
    /// <summary>A method that cannot compute the problem.</summary>
    public static Weighed Impossible(Method method, string reason) => new(method, false, reason, double.NaN);
}
