using System.Text;
using FastAttn.Cli.Npy;

namespace FastAttn.Cli.Tests;

/// <summary>A directory of one test's own, deleted at its end.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("fastattn-cli-").FullName;

    /// <summary>The full name of a file in it.</summary>
    public string this[string name] => Path.Combine(_path, name);

    /// <summary>The names in it.</summary>
    public string[] Names => [.. Directory.GetFileSystemEntries(_path).Select(entry => Path.GetFileName(entry)!).Order()];

    /// <summary>Writes a float32 array.</summary>
    internal string Save(string name, int[] shape, float[] values)
    {
        using FileStream stream = File.Create(this[name]);
        NpyWriter.Write(stream, new NpyArray<float>(shape, values));
        return this[name];
    }

    /// <summary>Writes a float32 array of numbers from a seed.</summary>
    internal string SaveRandom(string name, int seed, params int[] shape) => Save(name, shape, Numbers(seed, shape.Aggregate(1, (product, extent) => product * extent)));

    /// <summary>Writes a file by its header's text and the bytes that follow.</summary>
    internal string SaveRaw(string name, string header, byte[] data) => SaveBytes(name, NpyBytes.Create(header, data));

    /// <summary>Writes a file.</summary>
    internal string SaveBytes(string name, byte[] bytes)
    {
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    /// <summary>Reads a float32 array back.</summary>
    internal NpyArray<float> Load(string name) => NpyReader.ReadFloats("test", new FileInfo(this[name])).Array;

    /// <summary>Numbers between −1 and 1.</summary>
    internal static float[] Numbers(int seed, int count)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 2 - 1)];
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}

/// <summary>Bytes of <c>.npy</c> files that no writer would write.</summary>
internal static class NpyBytes
{
    /// <summary>A file with any header text.</summary>
    public static byte[] Create(string header, byte[] data, byte major = 1, byte minor = 0)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] length = major == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes(text.Length);
        return [0x93, .. "NUMPY"u8, major, minor, .. length, .. text, .. data];
    }
}
