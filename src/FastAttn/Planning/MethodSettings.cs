using FastAttn.Methods;
using FastAttn.Positions;

namespace FastAttn.Planning;

/// <summary>What choosing and running a method takes, wherever features come from.</summary>
/// <param name="Shape">The sizes.</param>
/// <param name="Features">Features of a row.</param>
/// <param name="Signed">Whether features can be negative.</param>
/// <param name="Extents">The pairs that each sequence asks about; one for all where they are alike.</param>
/// <param name="Tolerance">The contract's tolerance.</param>
/// <param name="Method">The method asked for.</param>
/// <param name="Threads">Threads of a call.</param>
internal sealed record MethodSettings(AttentionShape Shape, int Features, bool Signed, PositionExtent[] Extents, float Tolerance, Method Method, int Threads)
{
    /// <summary>The problem of some sequences, to weigh methods by.</summary>
    /// <param name="extent">The pairs that they ask about.</param>
    /// <param name="positions">Their positions; null for none.</param>
    public PlanningProblem Problem(PositionExtent extent, PreparedPosition? positions) => positions is null
        ? ProblemOfSizes(extent, hasBias: false)
        : PlanningProblem.Of(Shape, Features, new TailAllowance(Tolerance, Signed), positions);

    /// <summary>The same from sizes alone.</summary>
    public PlanningProblem ProblemOfSizes(PositionExtent extent, bool hasBias) =>
        PlanningProblem.Even(Shape, Features, new TailAllowance(Tolerance, Signed), extent.LargestOffset, hasBias);
}
