using FastAttn.Kernels;

namespace FastAttn.Methods;

/// <summary>What has to be known of a method to choose and to make it. It stands beside the method; <c>Planning/KnownMethods</c> lists all. Immutable.</summary>
internal abstract class MethodDescriptor
{
    /// <summary>Which method.</summary>
    public abstract Method Method { get; }

    /// <summary>Whether the method can compute a problem, why, and how long it would take besides what all methods do.</summary>
    public abstract Weighed Weigh(in PlanningProblem problem);

    /// <summary>Makes the method for a problem that it can compute.</summary>
    public abstract AttentionMethod Build<TKernels>(in PlanningProblem problem)
        where TKernels : struct, IKernels;
}
