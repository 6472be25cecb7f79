using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// What stands around chunks of rows: where their queries come from and where their sums go. Every chunk is opened and closed once, by one thread, in any order.
/// By default queries are there already and sums stay where they are.
/// </summary>
/// <param name="context">What both functions are given; stays in place while the method runs.</param>
/// <param name="open">
/// Points the queries of a chunk and the room for its sums at where they are, both as if all rows before stood there too; null when all
/// queries are there and the method takes room itself. Only for a method that <see cref="AttentionMethod.TakesQueriesByChunk"/>.
/// </param>
/// <param name="close">Takes the sums of a chunk, which are complete; null for nothing.</param>
internal readonly unsafe struct RowChunks(
    void* context,
    delegate*<void*, int, int, ref HeadProblem, ref PartialSums, void> open,
    delegate*<void*, int, in HeadProblem, in PartialSums, void> close)
{
    /// <summary>Whether queries and room for sums come with each chunk.</summary>
    public bool Opens => open != null;

    /// <summary>Sets a chunk's queries and sums.</summary>
    /// <param name="chunk">Which chunk.</param>
    /// <param name="worker">The thread's place in its crew.</param>
    /// <param name="problem">The head.</param>
    /// <param name="sums">Its sums.</param>
    public void Open(int chunk, int worker, ref HeadProblem problem, ref PartialSums sums)
    {
        if (Opens) open(context, chunk, worker, ref problem, ref sums);
    }

    /// <summary>Hands on a chunk's sums.</summary>
    public void Close(int chunk, in HeadProblem problem, in PartialSums sums)
    {
        if (close != null) close(context, chunk, problem, sums);
    }

    /// <summary>Hands on all chunks of sums that are complete.</summary>
    public void CloseAll(in HeadProblem problem, in PartialSums sums, int chunks, Crew crew)
    {
        if (close != null) crew.Run(new Closing(this, problem, sums), chunks);
    }

    private readonly struct Closing(RowChunks chunks, HeadProblem problem, PartialSums sums) : IParallelWork
    {
        public void Run(int index, int worker) => chunks.Close(index, problem, sums);
    }
}
