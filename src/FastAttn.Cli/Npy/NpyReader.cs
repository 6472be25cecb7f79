using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Cli.Npy;

/// <summary>
/// Reads <c>.npy</c> arrays of float32, float64 (rounded to float32) and bool: little-endian, C order. Anything else is refused.
/// The machines FastAttn runs on are little-endian too, so elements are taken as they lie.
/// </summary>
internal static class NpyReader
{
    private const int ChunkElements = 1 << 16;

    /// <summary>Reads a float32 or float64 array from a file; float64 is rounded to float32.</summary>
    /// <param name="option">The option that named the file, for errors.</param>
    /// <param name="file">The file.</param>
    /// <exception cref="InputException">The file cannot be read or holds something else.</exception>
    public static NpyInput<float> ReadFloats(string option, FileInfo file) => Open(option, file, ReadFloats);

    /// <summary>Reads a bool array from a file.</summary>
    /// <inheritdoc cref="ReadFloats(string, FileInfo)"/>
    public static NpyInput<bool> ReadBooleans(string option, FileInfo file) => Open(option, file, ReadBooleans);

    /// <summary>Reads a float32 or float64 array.</summary>
    /// <exception cref="NpyFormatException">The stream holds something else.</exception>
    internal static NpyArray<float> ReadFloats(Stream stream)
    {
        NpyHeader header = NpyHeader.Read(stream);
        return header.Descr switch
        {
            "<f4" => ReadElements<float, float>(stream, header, (source, destination) => source.CopyTo(destination)),
            "<f8" => ReadElements<double, float>(stream, header, Round),
            _ => throw new NpyFormatException($"has elements of type {header.Descr}, expected float32 (<f4) or float64 (<f8)"),
        };
    }

    /// <summary>Reads a bool array.</summary>
    /// <exception cref="NpyFormatException">The stream holds something else.</exception>
    internal static NpyArray<bool> ReadBooleans(Stream stream)
    {
        NpyHeader header = NpyHeader.Read(stream);
        return header.Descr == "|b1"
            ? ReadElements<byte, bool>(stream, header, IsNonZero)
            : throw new NpyFormatException($"has elements of type {header.Descr}, expected bool (|b1)");
    }

    private static NpyInput<T> Open<T>(string option, FileInfo file, Func<Stream, NpyArray<T>> read)
        where T : unmanaged
    {
        if (Directory.Exists(file.FullName)) throw new InputException($"{option} {file}: is a directory, expected a .npy file");

        try
        {
            using FileStream stream = new(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return new NpyInput<T>($"{option} {file}", read(stream));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{option} {file}: no such file");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{option} {file}: cannot be read: {exception.Message}");
        }
        catch (NpyFormatException exception)
        {
            throw new InputException($"{option} {file}: {exception.Message}");
        }
    }

    private delegate void Convert<TStored, T>(ReadOnlySpan<TStored> source, Span<T> destination);

    private static NpyArray<T> ReadElements<TStored, T>(Stream stream, NpyHeader header, Convert<TStored, T> convert)
        where TStored : unmanaged
        where T : unmanaged
    {
        if (header.FortranOrder && header.Shape.Length > 1)
        {
            throw new NpyFormatException("is in Fortran order, expected C order (numpy.ascontiguousarray converts it)");
        }

        int elementSize = Unsafe.SizeOf<TStored>();
        long count = CountElements(header);
        if (stream.CanSeek) CheckLength(stream.Length - stream.Position, count, elementSize);

        T[] values = new T[count];
        TStored[] chunk = new TStored[Math.Min(ChunkElements, count)];
        for (int start = 0; start < values.Length; start += chunk.Length)
        {
            Span<TStored> elements = chunk.AsSpan(0, Math.Min(chunk.Length, values.Length - start));
            Span<byte> bytes = MemoryMarshal.AsBytes(elements);
            int came = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (came < bytes.Length) CheckLength((long)start * elementSize + came, count, elementSize);
            convert(elements, values.AsSpan(start, elements.Length));
        }

        return stream.ReadByte() < 0
            ? new NpyArray<T>(header.Shape, values)
            : throw new NpyFormatException($"has more data than the {count * elementSize} bytes its shape asks for");
    }

    private static long CountElements(NpyHeader header)
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

    private static void Round(ReadOnlySpan<double> source, Span<float> destination)
    {
        for (int i = 0; i < source.Length; i++) destination[i] = (float)source[i];
    }

    private static void IsNonZero(ReadOnlySpan<byte> source, Span<bool> destination)
    {
        for (int i = 0; i < source.Length; i++) destination[i] = source[i] != 0;
    }
}
