using System.Runtime.InteropServices;

namespace FastAttn.Cli.Npy;

/// <summary>Writes float32 arrays as <c>.npy</c> format 1.0, little-endian, C order.</summary>
internal static class NpyWriter
{
    private const int ChunkElements = 1 << 20;

    /// <summary>Writes an array to a stream.</summary>
    public static void Write(Stream stream, NpyArray<float> array)
    {
        new NpyHeader("<f4", FortranOrder: false, array.Shape).Write(stream);

        // In chunks, because the bytes of the largest arrays do not fit one span.
        for (int start = 0; start < array.Values.Length; start += ChunkElements)
        {
            int length = Math.Min(ChunkElements, array.Values.Length - start);
            stream.Write(MemoryMarshal.AsBytes(array.Values.AsSpan(start, length)));
        }
    }
}
