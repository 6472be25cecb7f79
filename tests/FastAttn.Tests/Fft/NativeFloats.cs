using FastAttn.Memory;

namespace FastAttn.Tests.Fft;

/// <summary>Aligned float32 memory that starts as zeros.</summary>
internal sealed unsafe class NativeFloats : IDisposable
{
    private readonly AlignedBuffer _buffer;

    public NativeFloats(long count)
    {
        _buffer = new AlignedBuffer(count * sizeof(float));
        Pointer = (float*)_buffer.Data;
        new Span<float>(Pointer, checked((int)count)).Clear();
    }

    public float* Pointer { get; }

    public float this[long index]
    {
        get => Pointer[index];
        set => Pointer[index] = value;
    }

    public void Dispose() => _buffer.Dispose();
}
