using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Cli.Npy;

/// <summary>
/// Reads the elements behind a header, converted and in C order. Files may hold them in either byte order; the machines FastAttn runs on
/// are little-endian.
/// </summary>
internal static class NpyElements
{
    private const int ChunkElements = 1 << 16;

    /// <summary>Turns stored elements into what is wanted.</summary>
    public delegate void Convert<TStored, T>(ReadOnlySpan<TStored> source, Span<T> destination);

    /// <summary>Reads all elements of a stream; nothing may follow them.</summary>
    /// <exception cref="NpyFormatException">There are fewer or more than the header says.</exception>
    public static NpyArray<T> Read<TStored, T>(Stream stream, NpyHeader header, Convert<TStored, T> convert)
        where TStored : unmanaged
        where T : unmanaged
    {
        int elementSize = Unsafe.SizeOf<TStored>();
        long count = Count(header);
        if (stream.CanSeek) CheckLength(stream.Length - stream.Position, count, elementSize);

        T[] values = new T[count];
        TStored[] chunk = new TStored[Math.Min(ChunkElements, count)];
        for (int start = 0; start < values.Length; start += chunk.Length)
        {
            Span<TStored> elements = chunk.AsSpan(0, Math.Min(chunk.Length, values.Length - start));
            Span<byte> bytes = MemoryMarshal.AsBytes(elements);
            int came = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (came < bytes.Length) CheckLength((long)start * elementSize + came, count, elementSize);
            if (header.IsBigEndian) Reverse(elements);
            convert(elements, values.AsSpan(start, elements.Length));
        }

        if (stream.ReadByte() >= 0) throw new NpyFormatException($"has more data than the {count * elementSize} bytes its shape asks for");
        return new NpyArray<T>(header.Shape, header.FortranOrder ? FortranOrder.ToC(values, header.Shape) : values);
    }

    private static long Count(NpyHeader header)
    {
        decimal count = 1;
        foreach (int extent in header.Shape) count = Math.Min(count * extent, decimal.MaxValue / int.MaxValue);
        return count <= Array.MaxLength
            ? (long)count
            : throw new NpyFormatException($"has shape ({string.Join(", ", header.Shape)}), expected at most {Array.MaxLength} elements");
    }

    private static void CheckLength(long came, long count, int elementSize)
    {
        if (came != count * elementSize)
        {
            throw new NpyFormatException($"holds {came} bytes of data, expected {count * elementSize} for its shape");
        }
    }

    private static void Reverse<TStored>(Span<TStored> elements)
        where TStored : unmanaged
    {
        if (Unsafe.SizeOf<TStored>() == sizeof(ushort)) Swap(MemoryMarshal.Cast<TStored, ushort>(elements));
        else if (Unsafe.SizeOf<TStored>() == sizeof(uint)) Swap(MemoryMarshal.Cast<TStored, uint>(elements));
        else Swap(MemoryMarshal.Cast<TStored, ulong>(elements));
    }

    private static void Swap(Span<ushort> words) => BinaryPrimitives.ReverseEndianness(words, words);

    private static void Swap(Span<uint> words) => BinaryPrimitives.ReverseEndianness(words, words);

    private static void Swap(Span<ulong> words) => BinaryPrimitives.ReverseEndianness(words, words);
}
