using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary>
/// A child made by fork has none of its parent's threads. One that was running managed code at that moment would never answer a
/// garbage collection, and the child would wait for it for ever. So the first use in a process is remembered, and any use in a
/// child of that process is refused, without allocating: that alone could start a collection.
/// </summary>
internal static partial class ForkGuard
{
    private static int s_process;

    /// <summary>Whether this process was forked from one that had used the library. The first call of all is the first use.</summary>
    public static bool Refuses()
    {
        int current = GetProcessId();
        int first = Interlocked.CompareExchange(ref s_process, current, 0);
        return first != 0 && first != current;
    }

    [LibraryImport("libc", EntryPoint = "getpid")]
    [SuppressGCTransition]
    private static partial int GetProcessId();
}
