namespace FastAttn.Threading;

/// <summary>Work in pieces: <see cref="Run"/> is called once for every index, from any thread. What a piece yields depends on its index alone.</summary>
internal interface IParallelWork
{
    /// <summary>Does the piece with this index.</summary>
    /// <param name="index">Which piece.</param>
    /// <param name="worker">Below <see cref="Crew.Workers"/>; no two pieces at a time have the same one, so it may choose scratch memory.</param>
    void Run(int index, int worker);
}
