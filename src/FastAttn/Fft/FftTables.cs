using FastAttn.Memory;

namespace FastAttn.Fft;

/// <summary>Writes one table of float32.</summary>
internal unsafe delegate void TableWriter(float* table);

/// <summary>The native memory of one <see cref="LaneFft"/>'s tables, aligned to vectors and freed with it.</summary>
internal sealed unsafe class FftTables
{
    private readonly List<AlignedBuffer> _buffers = [];

    /// <summary>A table of <paramref name="floats"/> elements, filled by <paramref name="write"/>.</summary>
    public float* Add(long floats, TableWriter write)
    {
        var buffer = new AlignedBuffer(floats * sizeof(float));
        _buffers.Add(buffer);
        write((float*)buffer.Data);
        return (float*)buffer.Data;
    }
}
