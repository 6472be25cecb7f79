namespace FastAttn.Cli;

/// <summary>Writes a file whole or not at all: into a temporary file beside the target, which then takes the target's name.</summary>
internal static class OutputFile
{
    /// <summary>Fails now, before any work is done, if <see cref="Write"/> would fail later.</summary>
    /// <param name="option">The option that named the file, for errors.</param>
    /// <param name="file">The target.</param>
    /// <exception cref="InputException">The target cannot be written.</exception>
    public static void Check(string option, FileInfo file) => Explained(option, file, target =>
    {
        if (Directory.Exists(target)) throw new InputException($"{option} {file}: is a directory, expected a file");

        // A rename would replace /dev/null by a regular file for every program on the machine. Only regular files have a length to set.
        if (File.Exists(target) && !IsRegular(target)) throw new InputException($"{option} {file}: is a device or a pipe, expected a regular file");

        using FileStream probe = new(TemporaryName(target), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
    });

    /// <summary>Writes the target; an older file stays untouched until the new one is complete.</summary>
    /// <param name="option">The option that named the file, for errors.</param>
    /// <param name="file">The target.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="InputException">The target cannot be written.</exception>
    public static void Write(string option, FileInfo file, Action<Stream> write) => Explained(option, file, target =>
    {
        string temporary = TemporaryName(target);
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write)) write(stream);
            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    });

    private static void Explained(string option, FileInfo file, Action<string> action)
    {
        try
        {
            // Through a link, so that the link stays one.
            action((file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) ?? file).FullName);
        }
        catch (DirectoryNotFoundException)
        {
            throw new InputException($"{option} {file}: no such directory");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{option} {file}: cannot be written: {exception.Message}");
        }
    }

    private static string TemporaryName(string target) =>
        Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}.tmp");

    private static bool IsRegular(string path)
    {
        try
        {
            // Opened for writing only, a pipe would wait for its reader.
            using FileStream stream = new(path, FileMode.Open, FileAccess.ReadWrite);
            stream.SetLength(stream.Length);
            return true;
        }
        catch (Exception exception) when (exception is IOException or NotSupportedException)
        {
            return false;
        }
    }
}
