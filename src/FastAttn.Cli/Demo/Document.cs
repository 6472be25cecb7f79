using System.Reflection;

namespace FastAttn.Cli.Demo;

/// <summary>The text the demonstration attends over.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Bytes">At least one byte.</param>
internal sealed record Document(string Name, byte[] Bytes)
{
    private const string Readme = "README.md";
    private const string Solution = "FastAttn.sln";

    /// <summary>Reads a file.</summary>
    /// <exception cref="InputException">It cannot be read or is empty.</exception>
    public static Document FromFile(FileInfo file)
    {
        if (Directory.Exists(file.FullName)) throw new InputException($"FILE {file}: is a directory, expected a file");

        try
        {
            byte[] bytes = File.ReadAllBytes(file.FullName);
            return bytes.Length > 0
                ? new Document(file.ToString(), bytes)
                : throw new InputException($"FILE {file}: is empty, expected at least one byte");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"FILE {file}: no such file");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"FILE {file}: cannot be read: {exception.Message}");
        }
    }

    /// <summary>The README of the repository that the current directory lies in; elsewhere the copy inside this program.</summary>
    public static Document Default()
    {
        for (DirectoryInfo? directory = new(Environment.CurrentDirectory); directory is not null; directory = directory.Parent)
        {
            FileInfo readme = new(Path.Combine(directory.FullName, Readme));
            if (readme.Exists && File.Exists(Path.Combine(directory.FullName, Solution))) return FromFile(readme);
        }

        using Stream copy = Assembly.GetExecutingAssembly().GetManifestResourceStream(Readme)!;
        byte[] bytes = new byte[copy.Length];
        copy.ReadExactly(bytes);
        return new Document($"{Readme} (the copy inside this program)", bytes);
    }
}
