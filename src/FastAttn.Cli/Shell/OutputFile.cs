using System.CommandLine;
using System.CommandLine.Parsing;

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

    /// <summary>Fails now if the target is one of the files that the command reads, also through a link: a result never takes an input's place.</summary>
    /// <param name="parsed">The command with its options and arguments.</param>
    /// <param name="output">The option that names the target; nothing is checked when it was not given.</param>
    /// <exception cref="InputException">The target is also read.</exception>
    public static void RefuseInput(ParseResult parsed, Option<FileInfo> output)
    {
        if (parsed.GetValue(output) is not FileInfo target) return;
        foreach (SymbolResult given in parsed.CommandResult.Children)
        {
            if (given is OptionResult option && option.Option == output) continue;

            // A file is the whole of what was given, or one part of a position such as t5:table.npy:causal.
            IEnumerable<string> names = given.Tokens.SelectMany(token => token.Value.Split(':').Prepend(token.Value));
            if (names.FirstOrDefault(name => name.Length > 0 && Final(new FileInfo(name)) == Final(target)) is string input)
                throw new InputException($"{output.Name} {target}: is the file {input} that the command reads; expected another one");
        }
    }

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
            action(Final(file));
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

    /// <summary>The path at the end of all links.</summary>
    private static string Final(FileInfo file) => (file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) ?? file).FullName;

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
