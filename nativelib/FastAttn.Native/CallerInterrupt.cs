using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary>The check that the calling thread gave to <c>fa_set_interrupt</c>, which <c>door.c</c> keeps: taking it starts no runtime.</summary>
internal static unsafe partial class CallerInterrupt
{
    [ThreadStatic]
    private static Check? s_check;

    /// <summary>When reading of the caller's memory asks next.</summary>
    [ThreadStatic]
    private static long s_due;

    /// <summary>Lets the call that follows on this thread ask the check, if there is one.</summary>
    public static void Take()
    {
        Given given = *OfThisThread();
        s_due = Environment.TickCount64 + given.Milliseconds;
        if (given.Ask is null)
        {
            if (InterruptCheck.Current is not null) InterruptCheck.Set(null);
            return;
        }

        if (s_check is not null && s_check.Is(given) && InterruptCheck.Current is not null) return;
        s_check = new Check(given);
        InterruptCheck.Set(s_check.Ends, given.Milliseconds);
    }

    /// <summary>Ends this call early when its check says so: for what is done here, before and beside the library, which asks by itself.</summary>
    /// <exception cref="OperationCanceledException">It does.</exception>
    public static void Look()
    {
        if (s_check is null || InterruptCheck.Current is null || Environment.TickCount64 < s_due) return;
        if (s_check.Ends()) throw new OperationCanceledException("the call was cancelled");
        s_due = Environment.TickCount64 + OfThisThread()->Milliseconds;
    }

    [LibraryImport("door", EntryPoint = "door_interrupt")]
    [SuppressGCTransition]
    private static partial Given* OfThisThread();

    /// <summary><c>door_interrupt_check</c> of <c>door.h</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Given
    {
        public delegate* unmanaged[Cdecl]<void*, int> Ask;
        public void* Context;
        public int Milliseconds;
    }

    private sealed class Check(Given given)
    {
        private bool _asks;

        public bool Is(Given other) => (void*)given.Ask == (void*)other.Ask && given.Context == other.Context && given.Milliseconds == other.Milliseconds;

        /// <summary>Asks; a check that calls the library is not asked by that call.</summary>
        public bool Ends()
        {
            if (_asks) return false;
            _asks = true;
            bool ends = given.Ask(given.Context) != 0;
            _asks = false;
            return ends;
        }
    }
}
