namespace FastAttn.Threading;

/// <summary>
/// Whether one call shall end early: because its token was cancelled, or because the <see cref="InterruptCheck"/> of the calling thread
/// says so. All threads of the call look at it between pieces of work, and within pieces that may last. Pooled.
/// </summary>
internal sealed class CallWatch : IDisposable
{
    private static SpinGate s_gate;
    private static CallWatch? s_pool;

    /// <summary>That of the call in which this thread works; null when nothing can end it early.</summary>
    [ThreadStatic]
    private static CallWatch? t_current;

    private CallWatch? _outer;
    private CallWatch? _nextInPool;
    private CancellationToken _token;
    private Func<bool>? _check;
    private int _thread;
    private int _milliseconds;
    private long _due;
    private bool _isAsking;
    private bool _ends;

    private CallWatch()
    {
    }

    /// <inheritdoc cref="t_current"/>
    public static CallWatch? Current
    {
        get => t_current;
        set => t_current = value;
    }

    /// <summary>How long the calling thread may sleep until it must ask its check again.</summary>
    public int Milliseconds => _check is null ? Timeout.Infinite : Math.Max(_milliseconds, 1);

    /// <summary>A call of this thread begins; disposed at its end. Null when nothing can end it early.</summary>
    /// <exception cref="OperationCanceledException">The token is cancelled already; nothing was written.</exception>
    public static CallWatch? Begin(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        // A check that calls the library is not asked by that call.
        Func<bool>? check = t_current is { _isAsking: true } ? null : InterruptCheck.Current;
        if (check is null && !token.CanBeCanceled) return null;
        s_gate.Enter();
        CallWatch? watch = s_pool;
        s_pool = watch?._nextInPool;
        s_gate.Exit();
        watch ??= new CallWatch();
        watch._outer = t_current;
        watch._token = token;
        watch._check = check;
        watch._thread = Environment.CurrentManagedThreadId;
        watch._milliseconds = InterruptCheck.Milliseconds;
        watch._due = Environment.TickCount64 + watch._milliseconds;
        watch._ends = false;
        return t_current = watch;
    }

    /// <summary>Throws when the call in which this thread works shall end early.</summary>
    /// <exception cref="OperationCanceledException">It shall.</exception>
    public static void Look()
    {
        if (t_current is CallWatch watch && watch.Ends()) throw new OperationCanceledException("the call was cancelled; a destination that it was given holds unspecified numbers", watch._token);
    }

    /// <summary>Whether the call shall end early; asks the check when it is time and this is the thread that may.</summary>
    public bool Ends()
    {
        if (Volatile.Read(ref _ends) || _token.IsCancellationRequested) return true;
        if (_check is null || _isAsking || Environment.CurrentManagedThreadId != _thread || Environment.TickCount64 < _due) return false;

        bool ends = true;
        _isAsking = true;
        try
        {
            ends = _check();
        }
        finally
        {
            // What it throws ends the call for the other threads as well.
            Volatile.Write(ref _ends, ends);
            _due = Environment.TickCount64 + _milliseconds;
            _isAsking = false;
        }

        return ends;
    }

    /// <summary>The call is over: no helper works in it any more.</summary>
    public void Dispose()
    {
        t_current = _outer;
        _outer = null;
        _token = default;
        _check = null;
        s_gate.Enter();
        _nextInPool = s_pool;
        s_pool = this;
        s_gate.Exit();
    }
}
