using System.ComponentModel;
using System.Runtime.InteropServices;

namespace FastAttn.Tests.Kernels;

/// <summary>
/// Floats between two pages that may not be touched: they end exactly where the second begins, so that a kernel that reads or
/// writes one element too far stops the test run.
/// </summary>
internal sealed unsafe partial class GuardedFloats : IDisposable
{
    private const int None = 0, ReadWrite = 3, PrivateAnonymous = 0x22;

    private readonly nint _start;
    private readonly nuint _bytes;

    public GuardedFloats(int count)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint data = (((nuint)count * sizeof(float)) + page - 1) / page * page;
        _bytes = data + (2 * page);
        _start = Map(0, _bytes, ReadWrite, PrivateAnonymous, -1, 0);
        if (_start == -1 || Protect(_start, page, None) != 0 || Protect(_start + (nint)(page + data), page, None) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        Pointer = (float*)(_start + (nint)(page + data)) - count;
        Count = count;
    }

    public GuardedFloats(IReadOnlyList<float> values)
        : this(values.Count)
    {
        for (int i = 0; i < values.Count; i++) Pointer[i] = values[i];
    }

    public float* Pointer { get; }

    public int Count { get; }

    public float[] ToArray() => new ReadOnlySpan<float>(Pointer, Count).ToArray();

    public void Dispose() => Unmap(_start, _bytes);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nuint length);
}
