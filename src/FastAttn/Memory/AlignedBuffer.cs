using System.Runtime.InteropServices;

namespace FastAttn.Memory;

/// <summary>
/// Native memory for vectors: aligned to a cache line, or to a huge page once it is that large. Freed by the finalizer when
/// nobody disposes it, so that a plan that is merely dropped leaks nothing.
/// </summary>
internal sealed unsafe partial class AlignedBuffer : IDisposable
{
    private const nuint CacheLine = 64;
    private const nuint HugePage = 2 * 1024 * 1024;
    private const int AdviseHugePage = 14;

    private byte* _data;

    public AlignedBuffer(long bytes)
    {
        // A cache line more than asked for: kernels may load, never use, the rest of a last vector.
        nuint size = checked((nuint)bytes) + CacheLine;
        bool huge = size >= HugePage;
        nuint alignment = huge ? HugePage : CacheLine;
        size = (size + alignment - 1) & ~(alignment - 1);
        _data = Allocate(size, alignment);
        Bytes = (long)size;
        GC.AddMemoryPressure(Bytes);

        // Work arrays of a megabyte and more walk in large strides; small pages would miss the TLB at every step.
        if (huge && OperatingSystem.IsLinux()) _ = Advise(_data, size, AdviseHugePage);
    }

    ~AlignedBuffer() => Free();

    public long Bytes { get; }

    public byte* Data => _data;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static byte* Allocate(nuint size, nuint alignment)
    {
        try
        {
            return (byte*)NativeMemory.AlignedAlloc(size, alignment);
        }
        catch (OutOfMemoryException)
        {
            throw new InsufficientMemoryException(Invariant($"{size} bytes of memory to work in could not be had from the system"));
        }
    }

    private void Free()
    {
        if (_data is null) return;
        NativeMemory.AlignedFree(_data);
        _data = null;
        GC.RemoveMemoryPressure(Bytes);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(byte* address, nuint length, int advice);
}
