using System.Runtime.CompilerServices;

namespace FastAttn.Tests.Infrastructure;

/// <summary>
/// Fails every test of this assembly when <c>FASTATTN_TIER</c> asked for an instruction tier and another one runs:
/// a suite that silently ran on the wrong kernels has tested nothing.
/// </summary>
internal static class TierGuard
{
    [ModuleInitializer]
    internal static void RequireTheTierAskedFor()
    {
        string? asked = Environment.GetEnvironmentVariable("FASTATTN_TIER");
        if (string.IsNullOrEmpty(asked)) return;
        string running = Words.Of(FastAttnInfo.Tier);
        if (asked != running)
        {
            throw new InvalidOperationException($"FASTATTN_TIER={asked}, but tier {running} runs: {FastAttnInfo.TierReason}");
        }
    }
}
