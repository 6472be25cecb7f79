using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "The library".</summary>
internal static unsafe class LibraryExports
{
    private static nint s_version;
    private static nint s_tier;
    private static nint s_tierReason;
    private static nint s_costSource;

    [UnmanagedCallersOnly(EntryPoint = "fa_abi_version", CallConvs = [typeof(CallConvCdecl)])]
    public static uint AbiVersion() => 1;

    [UnmanagedCallersOnly(EntryPoint = "fa_version_string", CallConvs = [typeof(CallConvCdecl)])]
    public static byte* VersionString() => KeepOnce(ref s_version, () => FastAttnInfo.Version);

    [UnmanagedCallersOnly(EntryPoint = "fa_status_string", CallConvs = [typeof(CallConvCdecl)])]
    public static byte* StatusString(int status) => StaticText.Literal((Status)status switch
    {
        Status.Ok => "FA_OK"u8,
        Status.Null => "FA_ERROR_NULL"u8,
        Status.Argument => "FA_ERROR_ARGUMENT"u8,
        Status.Shape => "FA_ERROR_SHAPE"u8,
        Status.Word => "FA_ERROR_WORD"u8,
        Status.Handle => "FA_ERROR_HANDLE"u8,
        Status.StructSize => "FA_ERROR_STRUCT_SIZE"u8,
        Status.Forked => "FA_ERROR_FORKED"u8,
        Status.OutOfMemory => "FA_ERROR_OUT_OF_MEMORY"u8,
        Status.Internal => "FA_ERROR_INTERNAL"u8,
        _ => "unknown status"u8,
    });

    [UnmanagedCallersOnly(EntryPoint = "fa_last_error", CallConvs = [typeof(CallConvCdecl)])]
    public static byte* LastError() => Failure.Message;

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
