using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "Ending a call early".</summary>
internal static unsafe class InterruptExports
{
    [UnmanagedCallersOnly(EntryPoint = "fa_set_interrupt", CallConvs = [typeof(CallConvCdecl)])]
    public static Status SetInterrupt(delegate* unmanaged[Cdecl]<void*, int> check, void* context, int milliseconds)
    {
        if (ForkGuard.Refuses()) return Failure.RecordFork();
        try
        {
            if (milliseconds < 0) throw new ArgumentOutOfRangeException(nameof(milliseconds), $"milliseconds is {milliseconds}; expected at least 0");
            InterruptCheck.Set(check is null ? null : new Check(check, context).Ends, milliseconds);
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    /// <summary>The caller's function and what it is called with.</summary>
    private sealed class Check(delegate* unmanaged[Cdecl]<void*, int> check, void* context)
    {
        public bool Ends() => check(context) != 0;
    }
}
