using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>Biases with structure in their tails, by name: b_t of the offset t = j − (p + i), p the place of query 0.</summary>
internal static class StructuredPositions
{
    /// <summary>Names of those a method can use.</summary>
    public static IReadOnlyList<string> Of(Method method) => method switch
    {
        Method.Band => ["clipped", "clipped one side", "window", "window with holes", "constant", "steep alibi"],
        Method.Decay => ["clipped", "window with holes", "steep alibi", "alibi", "flat alibi", "alibi with a peak", "alibi right of a constant"],
        Method.Multipole => ["power", "logarithm", "gaussian", "alibi", "flat alibi", "power with a peak", "lopsided"],
        _ => throw new ArgumentOutOfRangeException(nameof(method), method, "no such structure"),
    };

    public static double Bias(string name, int t)
    {
        double distance = Math.Abs(t), wave = Math.Sin(1.7 * t);
        return name switch
        {
            "clipped" => Math.Sin(1.7 * Math.Clamp(t, -9, 12)),
            "clipped one side" => t > 20 ? double.NegativeInfinity : Math.Cos(0.9 * Math.Clamp(t, -30, 20)),
            "window" => distance > 17 ? double.NegativeInfinity : wave,
            "window with holes" => distance > 40 || t % 3 == 1 ? double.NegativeInfinity : wave,
            "constant" => 0.5,
            "steep alibi" => -0.5 * distance,
            "alibi" => -0.0625 * distance,
            "flat alibi" => -distance / 2048,
            "alibi with a peak" => (-0.03 * distance) + (distance < 6 ? 2 + wave : 0),
            "alibi right of a constant" => t > 0 ? -0.2 * t : Math.Sin(Math.Max(t, -5)),
            "power" => -0.05 * Math.Pow(distance, 0.8),
            "logarithm" => -1.5 * Math.Log(1 + (0.1 * distance)),
            "gaussian" => -distance * distance / 20000,
            "power with a peak" => (-0.8 * Math.Log(1 + (0.3 * distance))) + (distance < 10 ? 1 + wave : 0),
            "lopsided" => t < 0 ? -Math.Log(1 + (0.02 * distance)) : -0.3 * Math.Sqrt(distance),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such bias"),
        };
    }

    /// <summary>The problem with that bias; null where its tails do not show at these lengths.</summary>
    public static AttentionProblem? With(this AttentionProblem problem, string name, Method method)
    {
        int start = problem.Options.QueryOffset ?? (problem.Options.Causal ? problem.QueryOffset(0) : 0);
        AttentionProblem biased = problem.WithBias(t => Bias(name, t - start)).By(method);
        using KernelizedAttention planned = biased.By(Method.Auto).Prepare();
        return planned.Plan.Candidates.Single(candidate => candidate.Method == method).Admissible ? biased : null;
    }
}
