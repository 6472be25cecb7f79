using FastAttn.Features;
using FastAttn.Heads;

namespace FastAttn.Methods;

/// <summary>A head's rows while they are sorted into those that are stored and those that have to be computed again.</summary>
/// <param name="call">The caller's rows.</param>
/// <param name="queryStates">States of the queries.</param>
/// <param name="keyStates">States of the keys.</param>
/// <param name="largestNorm">The largest ‖v_j‖ each query sees.</param>
/// <param name="output">Where rows are stored.</param>
/// <param name="uncertified">Room for every query; those that are not stored, rising.</param>
internal readonly unsafe struct SortedRows(
    in HeadCall call, RowState* queryStates, RowState* keyStates, double* largestNorm, in OutputRows output, int* uncertified)
{
    public readonly HeadCall Call = call;

    public readonly RowState* QueryStates = queryStates;

    public readonly RowState* KeyStates = keyStates;

    public readonly double* LargestNorm = largestNorm;

    public readonly OutputRows Output = output;

    public readonly int* Uncertified = uncertified;
}
