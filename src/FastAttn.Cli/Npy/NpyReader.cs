namespace FastAttn.Cli.Npy;

/// <summary>
/// Reads <c>.npy</c> arrays: float16, float32 and float64 (rounded to float32), and key masks (<see cref="NpyMask"/>); either byte order, C order or
/// Fortran order. Anything else is refused.
/// </summary>
internal static class NpyReader
{
    /// <summary>Reads an array of numbers from a file; float64 is rounded to float32.</summary>
    /// <param name="option">The option that named the file, for errors.</param>
    /// <param name="file">The file.</param>
    /// <exception cref="InputException">The file cannot be read or holds something else.</exception>
    public static NpyInput<float> ReadFloats(string option, FileInfo file) => Open(option, file, ReadFloats);

    /// <summary>Reads a key mask from a file.</summary>
    /// <inheritdoc cref="ReadFloats(string, FileInfo)"/>
    public static NpyInput<bool> ReadMask(string option, FileInfo file) => Open(option, file, NpyMask.Read);

    /// <summary>Reads an array of numbers.</summary>
    /// <exception cref="NpyFormatException">The stream holds something else.</exception>
    internal static NpyArray<float> ReadFloats(Stream stream)
    {
        NpyHeader header = NpyHeader.Read(stream);
        return header.Type switch
        {
            "f2" => NpyElements.Read<Half, float>(stream, header, Widen),
            "f4" => NpyElements.Read<float, float>(stream, header, (source, destination) => source.CopyTo(destination)),
            "f8" => NpyElements.Read<double, float>(stream, header, Round),
            _ => throw new NpyFormatException($"has elements of type {header.Descr}, expected float16, float32 or float64 (f2, f4 or f8)"),
        };
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

    private static void Widen(ReadOnlySpan<Half> source, Span<float> destination)
    {
        for (int i = 0; i < source.Length; i++) destination[i] = (float)source[i];
    }

    private static void Round(ReadOnlySpan<double> source, Span<float> destination)
    {
        for (int i = 0; i < source.Length; i++)
        {
            destination[i] = (float)source[i];
            if (float.IsInfinity(destination[i]) && double.IsFinite(source[i]))
                throw new NpyFormatException(FormattableString.Invariant($"holds {source[i]}, expected numbers that float32 can hold, at most {float.MaxValue} in size, or infinities"));
        }
    }
}
