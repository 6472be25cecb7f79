namespace FastAttn.Methods;

/// <summary>
/// What stands around a chunk of rows in a method that works chunk by chunk: where its queries come from and where its sums go.
/// Every chunk is opened and closed once, by one thread, in any order.
/// </summary>
internal interface IRowChunks
{
    /// <summary>Points at a chunk's queries and at room for its sums, both as if all rows before stood there too.</summary>
    /// <param name="chunk">Which chunk.</param>
    /// <param name="worker">The thread's place in its crew.</param>
    /// <param name="problem">The head; its queries are set.</param>
    /// <param name="sums">Its pointers are set.</param>
    void Open(int chunk, int worker, ref HeadProblem problem, ref PartialSums sums);

    /// <summary>Takes a chunk's sums, which are complete.</summary>
    void Close(int chunk, in HeadProblem problem, in PartialSums sums);
}
