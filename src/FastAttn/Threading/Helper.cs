namespace FastAttn.Threading;

/// <summary>
/// A thread of the library's own, which helps one crew after another and ends when none has called for a while. Not one of the
/// runtime's thread pool: that starts threads by itself, and where the system refuses it one the process ends.
/// </summary>
internal sealed class Helper
{
    /// <summary>Room for the deepest call of a piece, and for the just-in-time compiler above it.</summary>
    private const int StackBytes = 1 << 20;

    private bool _isIdle;

    private Helper()
    {
    }

    /// <summary>Where it sleeps.</summary>
    public Sleeper Sleeper { get; } = new();

    /// <summary>Which worker of its crew it is, from 1 on.</summary>
    public int Worker { get; set; }

    /// <summary>The next one of the pool's idle helpers.</summary>
    public Helper? Next { get; set; }

    /// <summary>Whether it is among the pool's idle helpers.</summary>
    public bool IsIdle
    {
        get => Volatile.Read(ref _isIdle);
        set => Volatile.Write(ref _isIdle, value);
    }

    /// <summary>Starts a helper, which then looks for crews by itself; false when the system gives no thread or no memory for one.</summary>
    public static bool TryStart()
    {
        try
        {
            // Background: it keeps no process from ending.
            new Thread(new Helper().Live, StackBytes) { IsBackground = true, Name = "FastAttn helper" }.UnsafeStart();
            return true;
        }
        catch (ThreadInterruptedException)
        {
            Thread.CurrentThread.Interrupt();
            return false;
        }
        catch (Exception)
        {
            return false;
        }
    }

    private void Live()
    {
        using FloatMode mode = FloatMode.Default();
        while (HelperPool.Find(this) is Crew crew) crew.Serve(this);
    }
}
