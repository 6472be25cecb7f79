namespace FastAttn.Threading;

/// <summary>
/// Where one thread sleeps until another wakes it. It announces that it is about to sleep, looks once more at what it waits for, and
/// sleeps; who changes that wakes it afterwards. It may also wake for nothing, and then looks again.
/// </summary>
internal sealed class Sleeper
{
    // Never disposed, only collected: who wakes a helper may come after it has ended.
    private readonly AutoResetEvent _wake = new(false);
    private int _asleep;

    public void Announce() => Interlocked.Exchange(ref _asleep, 1);

    /// <summary>Sleeps after <see cref="Announce"/>; false when nobody came for so long.</summary>
    /// <param name="milliseconds">How long; <see cref="Timeout.Infinite"/> for ever.</param>
    /// <exception cref="ThreadInterruptedException">The thread was interrupted; nothing is lost, it may sleep on.</exception>
    public bool Sleep(int milliseconds = Timeout.Infinite) => _wake.WaitOne(milliseconds);

    /// <summary>Wakes the thread if it sleeps or is about to.</summary>
    public void Wake()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _asleep) != 0 && Interlocked.Exchange(ref _asleep, 0) != 0) _wake.Set();
    }
}
