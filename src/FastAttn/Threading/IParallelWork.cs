namespace FastAttn.Threading;

/// <summary>Work in pieces: <see cref="Run"/> is called once for every index, from any thread.</summary>
internal interface IParallelWork
{
    /// <summary>Does the piece with this index.</summary>
    void Run(int index);
}
