using System.Diagnostics;
using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>
/// How often the planner's choice is the fastest: problems drawn from a seed, every admissible method forced on each, in the same
/// rounds. A method more than twice as slow as another one when warming up takes no part in the rounds.
/// </summary>
internal sealed class PlannerChoices : IMeasurement
{
    private const int Problems = 300, QuickProblems = 30;
    private const double HopelesslySlow = 2, Near = 1.1;

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table(
            "The planner's choice against every method",
            "heads", "n", "m", "d", "d_v", "causal", "positions", "planner takes", "fastest", "ms", "choice / fastest", "fastest / estimate");
        var random = new Random(settings.Seed);
        int count = settings.IsQuick ? QuickProblems : Problems, near = 0;
        double worst = 1;
        for (int index = 0; index < count; index++)
        {
            double excess = Measure(table, new PlannerProblem(random), settings.RowTime / 4);
            worst = Math.Max(worst, excess);
            if (excess <= Near) near++;
        }

        table.Note($"Within 10 % of the fastest method: {near} of {count} problems ({100.0 * near / count:0.0} %). Worst: {worst:0.00} × the fastest. Seed {settings.Seed}.");
        table.Note($"Cost table: {MachineCosts.Current.Source}.");
        return table;
    }

    /// <summary>Adds a row; returns how many times as long the choice takes as the fastest method.</summary>
    private static double Measure(Table table, PlannerProblem problem, TimeSpan time)
    {
        ExecutionPlan chosen;
        using (KernelizedAttention planned = problem.Plan(Method.Auto)) chosen = planned.Plan;
        KernelizedAttention[] plans = [.. chosen.Candidates.Where(candidate => candidate.Admissible).Select(candidate => problem.Plan(candidate.Method))];
        double[] first = [.. plans.Select(plan => Seconds(() => problem.Run(plan)))];
        double fastestFirst = first.Min();
        int[] kept = [.. Enumerable.Range(0, plans.Length).Where(index => first[index] <= HopelesslySlow * fastestFirst || plans[index].Plan.Method == chosen.Method)];
        Rounds rounds = Rounds.Run(time, [.. kept.Select(index => (Action)(() => problem.Run(plans[index])))]);
        int choice = Array.FindIndex(kept, index => plans[index].Plan.Method == chosen.Method);
        int fastest = Enumerable.Range(0, kept.Length).MinBy(rounds.Seconds);
        double excess = choice == fastest ? 1 : Math.Max(rounds.Ratio(choice, fastest), 1);
        double estimate = chosen.Candidates.Single(candidate => candidate.Method == plans[kept[fastest]].Plan.Method).SecondsPerHead * problem.Shape.Heads;
        AttentionShape shape = problem.Shape;
        table.Add(
            shape.Heads, shape.QueryLength, problem.Features, shape.HeadDimension, shape.ValueDimension, problem.Causal ? "yes" : "no", problem.Kind,
            Words.Of(chosen.Method), Words.Of(plans[kept[fastest]].Plan.Method), rounds.Seconds(fastest) * 1e3, excess, rounds.Seconds(fastest) / estimate);
        foreach (KernelizedAttention plan in plans) plan.Dispose();
        return excess;
    }

    private static double Seconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
