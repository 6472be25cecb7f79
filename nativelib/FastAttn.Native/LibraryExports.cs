using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "The library": what only the managed side knows; <c>door.c</c> answers the rest.</summary>
internal static unsafe class LibraryExports
{
    private static nint s_tier;
    private static nint s_tierReason;
    private static nint s_costSource;

    [UnmanagedCallersOnly(EntryPoint = "fa_simd_tier", CallConvs = [typeof(CallConvCdecl)])]
    public static byte* SimdTier() => KeepOnce(ref s_tier, () => Words.Of(FastAttnInfo.Tier));

    [UnmanagedCallersOnly(EntryPoint = "fa_simd_tier_reason", CallConvs = [typeof(CallConvCdecl)])]
    public static byte* SimdTierReason() => KeepOnce(ref s_tierReason, () => FastAttnInfo.TierReason);

    [UnmanagedCallersOnly(EntryPoint = "fa_cost_table_source", CallConvs = [typeof(CallConvCdecl)])]
    public static byte* CostTableSource() => KeepOnce(ref s_costSource, () => MachineCosts.Current.Source);

    [UnmanagedCallersOnly(EntryPoint = "fa_default_threads", CallConvs = [typeof(CallConvCdecl)])]
    public static int DefaultThreads()
    {
        try
        {
            return FastAttnInfo.DefaultThreads;
        }
        catch (Exception exception)
        {
            Failure.Record(exception);
            return 0;
        }
    }

    /// <summary>A text as static text, made at its first use; null when it cannot be had.</summary>
    private static byte* KeepOnce(ref nint kept, Func<string> text)
    {
        try
        {
            if (kept == 0) kept = (nint)StaticText.Keep(text());
            return (byte*)kept;
        }
        catch (Exception exception)
        {
            Failure.Record(exception);
            return null;
        }
    }
}
