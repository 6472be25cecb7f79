namespace FastAttn;

/// <summary>
/// A function that the calls of one thread ask while they compute or prepare: shall this call end early? For callers that have no
/// <see cref="CancellationToken"/> to pass: bindings to other languages, and hosts that must be asked on the thread that called.
/// </summary>
/// <remarks>
/// Each thread has its own. A call that is told to end throws <see cref="OperationCanceledException"/>, as one whose token is cancelled
/// does: its destination holds unspecified numbers, and what it was called on can be used again.
/// </remarks>
public static class InterruptCheck
{
    [ThreadStatic]
    private static Func<bool>? s_check;

    [ThreadStatic]
    private static int s_milliseconds;

    /// <summary>The check of this thread; null for none.</summary>
    public static Func<bool>? Current => s_check;

    internal static int Milliseconds => s_milliseconds;

    /// <summary>From now on calls of this thread ask <paramref name="check"/>, on this thread.</summary>
    /// <param name="check">True ends the call. What it throws ends the call as well. Null: calls ask nothing.</param>
    /// <param name="milliseconds">Not asked sooner than so long after the call began, or after the time before; at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="milliseconds"/> is negative.</exception>
    public static void Set(Func<bool>? check, int milliseconds = 10)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(milliseconds);
        s_check = check;
        s_milliseconds = milliseconds;
    }
}
