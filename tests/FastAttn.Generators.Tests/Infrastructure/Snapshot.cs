using System.Runtime.CompilerServices;

namespace FastAttn.Generators.Tests.Infrastructure;

/// <summary>
/// Text that a reviewer has read once and that must not change unseen: <c>Snapshots/NAME.txt</c> beside the test's project.
/// <c>FASTATTN_UPDATE_SNAPSHOTS=1</c> writes the files anew; read the difference before committing it.
/// </summary>
internal static class Snapshot
{
    public static void Verify(string name, string text)
    {
        string file = Path.Combine(Folder(), name + ".txt");
        text = text.ReplaceLineEndings("\n");
        if (Environment.GetEnvironmentVariable("FASTATTN_UPDATE_SNAPSHOTS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
        }

        Assert.True(File.Exists(file), $"no snapshot {file}; run the test with FASTATTN_UPDATE_SNAPSHOTS=1 and read what it writes");
        Assert.Equal(File.ReadAllText(file), text);
    }

    private static string Folder([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "Snapshots");
}
