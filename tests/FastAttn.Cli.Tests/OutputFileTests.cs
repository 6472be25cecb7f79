using System.Diagnostics;

namespace FastAttn.Cli.Tests;

public sealed class OutputFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Writes_a_new_file_and_replaces_an_old_one()
    {
        FileInfo file = new(_directory["out"]);
        OutputFile.Write("-o", file, stream => stream.WriteByte(1));
        OutputFile.Write("-o", file, stream => stream.WriteByte(2));

        Assert.Equal([2], File.ReadAllBytes(file.FullName));
        Assert.Equal(["out"], _directory.Names);
    }

    [Fact]
    public void Leaves_the_old_file_when_writing_fails()
    {
        FileInfo file = new(_directory.SaveBytes("out", [1]));

        InputException exception = Assert.Throws<InputException>(() => OutputFile.Write("-o", file, stream =>
        {
            stream.WriteByte(2);
            stream.Flush();
            throw new IOException("disk full");
        }));

        Assert.Equal($"-o {file}: cannot be written: disk full", exception.Message);
        Assert.Equal([1], File.ReadAllBytes(file.FullName));
        Assert.Equal(["out"], _directory.Names);
    }

    [Fact]
    public void Keeps_a_link_a_link()
    {
        FileInfo link = new(_directory["link"]);
        link.CreateAsSymbolicLink("target");
        OutputFile.Check("-o", link);
        OutputFile.Write("-o", link, stream => stream.WriteByte(3));

        Assert.Equal("target", new FileInfo(link.FullName).LinkTarget);
        Assert.Equal([3], File.ReadAllBytes(_directory["target"]));
    }

    [Fact]
    public void Check_leaves_nothing_behind()
    {
        FileInfo old = new(_directory.SaveBytes("old", [1, 2]));
        OutputFile.Check("-o", old);
        OutputFile.Check("-o", new FileInfo(_directory["new"]));

        Assert.Equal(["old"], _directory.Names);
        Assert.Equal([1, 2], File.ReadAllBytes(old.FullName));
    }

    [Fact]
    public void Check_refuses_what_cannot_be_written()
    {
        Assert.Equal($"-o {_directory["."]}: is a directory, expected a file", Refused(_directory["."]));
        Assert.Equal($"-o {_directory["no/out"]}: no such directory", Refused(_directory["no/out"]));
        Assert.Equal("-o /dev/null: is a device or a pipe, expected a regular file", Refused("/dev/null"));

    }

    /// <summary>Opened for writing, a pipe would wait for somebody to read it.</summary>
    [Fact]
    public async Task Check_refuses_a_pipe_at_once()
    {
        if (OperatingSystem.IsWindows()) return;

        string pipe = _directory["pipe"];
        using (Process mkfifo = Process.Start("mkfifo", pipe)) await mkfifo.WaitForExitAsync();
        Task<string> refused = Task.Run(() => Refused(pipe));
        Assert.Equal($"-o {pipe}: is a device or a pipe, expected a regular file", await refused.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private static string Refused(string path) => Assert.Throws<InputException>(() => OutputFile.Check("-o", new FileInfo(path))).Message;
}
