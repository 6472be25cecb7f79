using System.Globalization;

namespace FastAttn.Cli.Demo;

/// <summary>Whether every row that was checked kept the tolerance.</summary>
internal static class DemoVerdict
{
    /// <summary>The largest error that any row may have: the library's default, with which the demonstration runs.</summary>
    public static readonly float Tolerance = new KernelizedAttentionOptions().Tolerance;

    /// <summary>Whether all did. An error that is not a number is none that was kept.</summary>
    public static bool Holds(IReadOnlyList<DemoResult> results) => results.All(result => result.Methods.All(method => method.Error <= Tolerance));

    /// <summary>The same in one line, with the worst row.</summary>
    public static string Text(IReadOnlyList<DemoResult> results)
    {
        // NaN counts as the worst of all.
        (DemoResult result, DemoMethodResult method) = results.SelectMany(result => result.Methods, (result, method) => (result, method))
            .MaxBy(run => double.IsNaN(run.method.Error) ? double.PositiveInfinity : run.method.Error);
        string worst = method.Error.ToString("0.0e+0", CultureInfo.InvariantCulture);
        return FormattableString.Invariant(
            $"all checked rows within {Tolerance:0e+0} of float64: {(Holds(results) ? "yes" : "NO")} (the worst: {worst}, {Words.Of(method.Method)} at n = {result.Length})");
    }
}
