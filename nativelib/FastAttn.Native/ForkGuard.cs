using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary>
/// A child made by fork has none of its parent's threads, so work that the parent's runtime would hand to them would wait for ever.
/// The first use in a process is remembered, and a use in a child of that process is refused.
/// </summary>
internal static partial class ForkGuard
{
    private static int s_process;

    public static void Enter()
    {
        int current = GetProcessId();
        int first = Interlocked.CompareExchange(ref s_process, current, 0);
        if (first != 0 && first != current)
        {
            throw new AbiException(
                Status.Forked,
                $"process {current} was forked from process {first} after that had used the library; expected exec (\"spawn\") in between, or first use after the fork",
                "library");
        }
    }

    [LibraryImport("libc", EntryPoint = "getpid")]
    private static partial int GetProcessId();
}
