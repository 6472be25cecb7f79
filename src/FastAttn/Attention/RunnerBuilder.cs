using FastAttn.Heads;
using FastAttn.Kernels;
using FastAttn.Methods;
using FastAttn.Planning;
using FastAttn.Positions;

namespace FastAttn.Attention;

/// <summary>Puts features and a method together for the tier that runs.</summary>
internal sealed class RunnerBuilder(FeatureSystem system, Method method, PlanningProblem problem, PreparedPosition positions) : ITierVisitor<HeadRunner>
{
    public HeadRunner Visit<TKernels>()
        where TKernels : struct, IKernels => new HeadRunner<TKernels>(
            problem.Shape, system.Stages.Visit<TKernels>(), KnownMethods.Of(method).Build<TKernels>(problem), positions, problem.Allowance.Tolerance, system.Gain, system.Floor);
}
