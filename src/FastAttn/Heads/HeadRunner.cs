using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Heads;

/// <summary>Runs heads of one plan, whatever their tier. Immutable and thread-safe.</summary>
internal abstract class HeadRunner
{
    /// <summary>Bytes that one head in flight works in when so many threads share it, found by walking the same way without data.</summary>
    public abstract long MeasureWorkspace(int workers);

    /// <summary>Computes one head.</summary>
    public abstract HeadReport Run(in HeadCall call, Crew crew, AlignedBuffer workspace);
}
