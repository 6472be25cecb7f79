using System.Diagnostics;

namespace FastAttn.Faults;

/// <summary>A folder with the built tests and a library.</summary>
internal sealed record TestFolder(string Path)
{
    // A fault that makes a test endless is not found by it: the run is ended and counts as a failure. Runs take seconds; the rest is for busy machines.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    public TestFolder CopyTo(string folder)
    {
        foreach (string path in Directory.GetFiles(Path, "*", SearchOption.AllDirectories))
        {
            string copy = System.IO.Path.Combine(folder, System.IO.Path.GetRelativePath(Path, path));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }

        // The first test that fails is enough.
        string settings = System.IO.Path.Combine(folder, "xunit.runner.json");
        File.WriteAllText(settings, File.ReadAllText(settings).Replace("{", "{ \"stopOnFail\": true,", StringComparison.Ordinal));
        return new TestFolder(folder);
    }

    public void Delete() => Directory.Delete(Path, recursive: true);

    /// <summary>Runs tests given as Class.Method, with one fault awake, in a process of their own.</summary>
    public TestRun Run(int fault, IEnumerable<string> tests)
    {
        string filter = string.Join('|', tests.Distinct().Select(test => $"FullyQualifiedName~.{test}"));
        var start = new ProcessStartInfo("dotnet", ["test", System.IO.Path.Combine(Path, "FastAttn.Tests.dll"), "--nologo", "--filter", filter])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[FaultSwitch.Variable] = $"{fault}";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        if (process.WaitForExit(Longest)) return TestRun.Read(errors.Result + output.Result);
        process.Kill(entireProcessTree: true);
        return TestRun.Read($"{errors.Result}{output.Result}\nended after {Longest.TotalMinutes} minutes");
    }
}
