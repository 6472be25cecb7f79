namespace FastAttn.Threading;

/// <summary>
/// A lock for a few instructions, which a thread that comes second waits for by looking again. <see cref="Thread.Interrupt"/> never
/// throws from it, as it can from a <c>lock</c>: what is given back in a <c>finally</c> is given back.
/// </summary>
internal struct SpinGate
{
    private int _held;

    public void Enter()
    {
        var spin = default(SpinWait);
        bool interrupted = false;
        while (Interlocked.CompareExchange(ref _held, 1, 0) != 0) Pause(ref spin, ref interrupted);
        if (interrupted) Thread.CurrentThread.Interrupt();
    }

    public void Exit() => Volatile.Write(ref _held, 0);

    /// <summary>Lets a moment pass. An interruption is noted and taken from the thread: a <see cref="SpinWait"/> that gives way to others can throw it.</summary>
    public static void Pause(ref SpinWait spin, ref bool interrupted)
    {
        try
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }
        catch (ThreadInterruptedException)
        {
            interrupted = true;
        }
    }
}
