namespace FastAttn.Methods;

/// <summary>Chunks of queries whose features are all there already, and of sums that stay where they are.</summary>
internal readonly struct WholeRows : IRowChunks
{
    public void Open(int chunk, int worker, ref HeadProblem problem, ref PartialSums sums)
    {
    }

    public void Close(int chunk, in HeadProblem problem, in PartialSums sums)
    {
    }
}
