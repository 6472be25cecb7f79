using FastAttn.Methods;

namespace FastAttn.Planning;

/// <summary>The method that a problem gets, why, and what else was weighed. Immutable.</summary>
/// <param name="Method">The method.</param>
/// <param name="Reason">Why, in one sentence.</param>
/// <param name="FftLength">Length of the transforms that <see cref="Method.Fft"/> uses or would use; 0 where it cannot compute the problem.</param>
/// <param name="Candidates">Every method, cheapest admissible first.</param>
internal sealed record MethodChoice(Method Method, string Reason, int FftLength, IReadOnlyList<Weighed> Candidates)
{
    /// <summary>The method asked for, or the cheapest one that can compute the problem.</summary>
    /// <exception cref="ArgumentException">The method asked for cannot compute it.</exception>
    public static MethodChoice Of(Method asked, PlanningProblem problem)
    {
        double around = problem.AroundSeconds;
        Weighed[] candidates =
        [
            .. KnownMethods.All.Select(descriptor => descriptor.Weigh(problem)).Select(weighed => weighed with { Seconds = weighed.Seconds + around })
                .OrderBy(weighed => weighed.Admissible ? weighed.Seconds : double.PositiveInfinity),
        ];
        (Weighed chosen, string reason) = asked == Method.Auto ? Cheapest(candidates) : Forced(candidates, asked);
        return new(chosen.Method, reason, FftDescriptor.Length(problem), candidates);
    }

    /// <summary>Where no query meets a key: the method asked for, which has nothing to do.</summary>
    public static MethodChoice Empty(MethodSettings settings)
    {
        AttentionShape shape = settings.Shape;
        string missing = shape.Batch == 0 ? "sequences" : shape.QueryLength == 0 ? "queries" : "keys";
        return new(settings.Method == Method.Auto ? Method.Direct : settings.Method, $"nothing to compute, there are no {missing}", 0, []);
    }

    private static (Weighed Chosen, string Reason) Cheapest(Weighed[] candidates)
    {
        Weighed best = candidates[0], next = candidates[1];
        string reason = next.Admissible
            ? Invariant($"cheapest by the cost table, {next.Seconds / best.Seconds:0.0}× faster than {Words.Of(next.Method)}")
            : "the only admissible method";
        return (best, reason);
    }

    private static (Weighed Chosen, string Reason) Forced(Weighed[] candidates, Method method)
    {
        Weighed chosen = candidates.First(candidate => candidate.Method == method);
        if (!chosen.Admissible)
            throw new ArgumentException(
                Invariant($"Method is {Words.Of(method)}; expected one that can compute this problem ({Words.Of(method)}: {chosen.Reason})"), nameof(Method));
        return (chosen, "forced by the caller");
    }
}
