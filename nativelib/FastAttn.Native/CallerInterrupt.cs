using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary>The check that the calling thread gave to <c>fa_set_interrupt</c>, which <c>door.c</c> keeps: taking it starts no runtime.</summary>
internal static unsafe partial class CallerInterrupt
{
    [ThreadStatic]
    private static Check? s_check;

    /// <summary>Lets the call that follows on this thread ask the check, if there is one.</summary>
    public static void Take()
    {
        Given given = *OfThisThread();
        if (given.Ask is null)
        {
            if (InterruptCheck.Current is not null) InterruptCheck.Set(null);
            return;
        }

        if (s_check is not null && s_check.Is(given) && InterruptCheck.Current is not null) return;
        s_check = new Check(given);
        InterruptCheck.Set(s_check.Ends, given.Milliseconds);
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
        public bool Is(Given other) => (void*)given.Ask == (void*)other.Ask && given.Context == other.Context && given.Milliseconds == other.Milliseconds;

        public bool Ends() => given.Ask(given.Context) != 0;
    }
}
