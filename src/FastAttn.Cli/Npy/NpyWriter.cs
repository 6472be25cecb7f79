using System.Runtime.InteropServices;

namespace FastAttn.Cli.Npy;

/// <summary>Writes arrays as <c>.npy</c> format 1.0, little-endian, C order.</summary>
internal static class NpyWriter
{
    private const int ChunkElements = 1 << 20;

    /// <summary>Writes an array to a stream.</summary>
    public static void Write(Stream stream, NpyArray<float> array, NpyType type = NpyType.Float32)
    {
        bool isHalf = type == NpyType.Float16;
        new NpyHeader(isHalf ? "<f2" : "<f4", FortranOrder: false, array.Shape).Write(stream);
        Half[] rounded = new Half[isHalf ? Math.Min(ChunkElements, array.Values.Length) : 0];

        // In chunks, because the bytes of the largest arrays do not fit one span.
        for (int start = 0; start < array.Values.Length; start += ChunkElements)
        {
            ReadOnlySpan<float> chunk = array.Values.AsSpan(start, Math.Min(ChunkElements, array.Values.Length - start));
            for (int i = 0; i < chunk.Length && isHalf; i++) rounded[i] = (Half)chunk[i];
            stream.Write(isHalf ? MemoryMarshal.AsBytes(rounded.AsSpan(0, chunk.Length)) : MemoryMarshal.AsBytes(chunk));
        }
    }
}
