namespace FastAttn.Methods;

/// <summary>The direct sums, which can compute anything.</summary>
internal sealed class DirectDescriptor : MethodDescriptor
{
    public override Method Method => Method.Direct;

    public override Weighed Weigh(in PlanningProblem problem) => new(Method, true, "always possible", problem.DirectSeconds(problem.Pairs));

    public override AttentionMethod Build<TKernels>(in PlanningProblem problem) => new DirectMethod<TKernels>(SumRounding<TKernels>.NeedsFine(problem.Allowance.Tolerance));
}
