using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>How <c>Σ_j c_{j−i} (φ(q_i)·φ(k_j)) [v_j, 1]</c> is computed for one head. Immutable and thread-safe.</summary>
internal abstract unsafe class AttentionMethod
{
    /// <summary>Which one it is.</summary>
    public abstract Method Kind { get; }

    /// <summary>
    /// Computes the sums into pieces of <paramref name="arena"/>. With a measuring arena it takes the same pieces and computes nothing.
    /// Features may be rescaled in place by powers of two that leave every product φ(q)·φ(k) as it was.
    /// </summary>
    /// <param name="problem">The head.</param>
    /// <param name="crew">Threads that share the work, in pieces that are the same for any number of them; scratch is taken for <see cref="Crew.Workers"/>.</param>
    /// <param name="arena">Where the sums and all scratch come from.</param>
    public abstract PartialSums Compute(in HeadProblem problem, Crew crew, ref Arena arena);

    /// <summary>Sums with room for whole tiles of rows.</summary>
    protected static PartialSums TakeSums<TKernels>(in HeadProblem problem, ref Arena arena)
        where TKernels : struct, IKernels
    {
        int rows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile);
        int columns = Padding.RoundUp(problem.ValueDimension, TKernels.Lanes);
        return new PartialSums
        {
            Numerators = arena.Take<float>((long)rows * columns),
            NumeratorStride = columns,
            Denominators = arena.Take<float>(rows),
            NumeratorErrors = arena.Take<float>(problem.QueryCount),
            DenominatorErrors = arena.Take<float>(problem.QueryCount),
        };
    }

    /// <summary>Sets the error bounds of a computation that only rounds.</summary>
    internal static void SetUnderflowErrors(in HeadProblem problem, in PartialSums sums) => new UnderflowErrors(problem).Set(sums, 0, problem.QueryCount);
}
