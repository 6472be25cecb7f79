using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Threading;

/// <summary>
/// The floating-point mode of a thread: how results are rounded and whether tiny numbers become zero. Native libraries change it (one
/// that was linked with <c>-ffast-math</c> does so for the thread that loads it), and new threads inherit it. A call that ran on
/// threads of different modes would give bits that depend on the number of threads. So work runs in the default mode: to nearest, tiny numbers kept.
/// </summary>
/// <remarks>On Linux. Elsewhere .NET has no way to the mode, and the threads' own modes stay.</remarks>
internal readonly unsafe ref struct FloatMode
{
    /// <summary>2⁻¹²⁷, below the smallest normal number, and 2⁻³⁰, which is lost beside 1.</summary>
    private const float Tiny = 5.877472e-39f, Lost = 9.313226e-10f;

    private readonly Registers _before;
    private readonly bool _changed;

    private FloatMode(Registers before)
    {
        _before = before;
        _changed = true;
    }

    /// <summary>Puts the calling thread into the default mode until the result is disposed of.</summary>
    public static FloatMode Default()
    {
        return IsDefault(Tiny, Lost) || !LibC.IsKnown ? default : Change();
    }

    public void Dispose()
    {
        if (!_changed) return;
        Registers before = _before;
        LibC.Set(&before);
    }

    /// <summary>What the processor makes of numbers that only the default mode keeps. Never inlined, or the compiler would compute it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsDefault(float tiny, float lost) => tiny + tiny > tiny && tiny > 0 && tiny * 0.5f > 0 && 1 + lost == 1 && 1 - lost == 1;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static FloatMode Change()
    {
        Registers before = default;
        LibC.Get(&before);
        Registers usual = before;
        if (RuntimeInformation.ProcessArchitecture == Architecture.X64) usual[7] = 0x1f80;
        else usual[0] = 0;
        LibC.Set(&usual);
        return new FloatMode(before);
    }

    /// <summary>C's <c>fenv_t</c>: on x86-64 seven words of the older unit, then MXCSR; on ARM64 FPCR, then FPSR.</summary>
    [InlineArray(8)]
    private struct Registers
    {
        private uint _word;
    }

    /// <summary><c>fegetenv</c> and <c>fesetenv</c> of the C library that the process has loaded.</summary>
    private static class LibC
    {
        public static readonly delegate* unmanaged[SuppressGCTransition]<Registers*, int> Get = Find("fegetenv");
        public static readonly delegate* unmanaged[SuppressGCTransition]<Registers*, int> Set = Find("fesetenv");

        public static bool IsKnown => Get != null && Set != null;

        private static delegate* unmanaged[SuppressGCTransition]<Registers*, int> Find(string name)
        {
            bool layoutIsKnown = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;
            return layoutIsKnown && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), name, out nint address)
                ? (delegate* unmanaged[SuppressGCTransition]<Registers*, int>)address
                : null;
        }
    }
}
