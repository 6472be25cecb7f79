using System.IO.Compression;
using System.Runtime.InteropServices;
using FastAttn.Cli.Npy;

namespace FastAttn.Cli.Tests.Npy;

public class NpyReaderTests
{
    // Around the reader's chunk of 65536 elements, and none at all.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65535)]
    [InlineData(65536)]
    [InlineData(65537)]
    [InlineData(200001)]
    public void Reads_what_the_writer_writes(int count)
    {
        NpyArray<float> array = new([count, 1], TemporaryDirectory.Numbers(seed: count, count));
        using MemoryStream stream = new();
        NpyWriter.Write(stream, array);
        stream.Position = 0;

        NpyArray<float> read = NpyReader.ReadFloats(stream);

        Assert.Equal(array.Shape, read.Shape);
        Assert.Equal(array.Values, read.Values);
    }

    [Fact]
    public void Keeps_every_float_bit_for_bit()
    {
        float[] values = [0f, -0f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, float.MaxValue];
        using MemoryStream stream = new();
        NpyWriter.Write(stream, new NpyArray<float>([values.Length], values));
        stream.Position = 0;

        Assert.Equal(Bits(values), Bits(NpyReader.ReadFloats(stream).Values));

        static int[] Bits(float[] floats) => Array.ConvertAll(floats, BitConverter.SingleToInt32Bits);
    }

    [Fact]
    public void Rounds_float64_to_float32()
    {
        double[] values = [1.0 / 3, double.NegativeInfinity, -1e-300, double.NaN];
        byte[] data = MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
        using MemoryStream stream = new(NpyBytes.Create("{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }", data));

        Assert.Equal([1f / 3, float.NegativeInfinity, -0f, float.NaN], NpyReader.ReadFloats(stream).Values);
    }

    /// <summary>As a bias, −1e300 would become −∞ and remove its pair.</summary>
    [Theory]
    [InlineData(-1e300)]
    [InlineData(3.5e38)]
    public void Refuses_float64_beyond_float32(double value)
    {
        double[] values = [0, value];
        using MemoryStream stream = new(NpyBytes.Create("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", MemoryMarshal.AsBytes(values.AsSpan()).ToArray()));

        Assert.Contains("expected numbers that float32 can hold", Assert.Throws<NpyFormatException>(() => NpyReader.ReadFloats(stream)).Message, StringComparison.Ordinal);
    }

    // 1, -2, infinity and the smallest float16 above zero, each exact in every type; then the same bytes the other way round.
    [Theory]
    [InlineData("f2", new byte[] { 0x00, 0x3c, 0x00, 0xc0, 0x00, 0x7c, 0x01, 0x00 })]
    [InlineData("f4", new byte[] { 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0x80, 0x7f, 0, 0, 0x80, 0x33 })]
    [InlineData("f8", new byte[] { 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f, 0, 0, 0, 0, 0, 0, 0x70, 0x3e })]
    public void Reads_every_float_type_in_either_byte_order(string type, byte[] little)
    {
        int size = type[1] - '0';
        byte[] big = [.. little.Chunk(size).SelectMany(element => element.Reverse())];
        foreach ((char order, byte[] data) in new[] { ('<', little), ('>', big) })
        {
            using MemoryStream stream = new(NpyBytes.Create($"{{'descr': '{order}{type}', 'fortran_order': False, 'shape': (4,), }}", data));
            Assert.Equal([1, -2, float.PositiveInfinity, MathF.ScaleB(1, -24)], NpyReader.ReadFloats(stream).Values);
        }
    }

    // Entry [a, b, c] of a file in Fortran order stands at a + b·2 + c·6.
    [Fact]
    public void Fortran_order_becomes_C_order()
    {
        byte[] data = MemoryMarshal.AsBytes(Enumerable.Range(0, 24).Select(place => (float)place).ToArray().AsSpan()).ToArray();
        using MemoryStream stream = new(NpyBytes.Create("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 4), }", data));

        NpyArray<float> read = NpyReader.ReadFloats(stream);

        Assert.Equal([2, 3, 4], read.Shape);
        Assert.Equal(from a in Enumerable.Range(0, 2) from b in Enumerable.Range(0, 3) from c in Enumerable.Range(0, 4) select (float)(a + (b * 2) + (c * 6)), read.Values);
    }

    [Theory]
    [InlineData("|b1", "False", "1 0 0 1", "1 0 0 1")]
    [InlineData("|b1", "True", "1 0 1 1", "1 1 0 1")]
    [InlineData("|u1", "False", "1 0 0 1", "1 0 0 1")]
    [InlineData("|i1", "False", "1 0 0 1", "1 0 0 1")]
    [InlineData("<i2", "False", "1 0 0 0 0 0 1 0", "1 0 0 1")]
    [InlineData(">u4", "True", "0 0 0 1 0 0 0 0 0 0 0 1 0 0 0 1", "1 1 0 1")]
    [InlineData("<f2", "False", "0 0 0 252 0 252 0 128", "1 0 0 1")]
    [InlineData(">f4", "False", "0 0 0 0 255 128 0 0 255 128 0 0 0 0 0 0", "1 0 0 1")]
    public void Reads_masks(string type, string fortranOrder, string bytes, string expected)
    {
        byte[] data = [.. bytes.Split(' ').Select(byte.Parse)];
        using MemoryStream stream = new(NpyBytes.Create($"{{'descr': '{type}', 'fortran_order': {fortranOrder}, 'shape': (2, 2), }}", data));

        NpyArray<bool> read = NpyMask.Read(stream);

        Assert.Equal([2, 2], read.Shape);
        Assert.Equal(expected.Split(' ').Select(bit => bit == "1"), read.Values);
    }

    [Theory]
    [InlineData("|u1", "False", "1 0 2 1", "holds 2 at [1,0] of its |u1 elements, expected 1 (attend) or 0 (leave out)")]
    [InlineData("|i1", "True", "1 0 255 1", "holds -1 at [0,1] of its |i1 elements, expected 1 (attend) or 0 (leave out)")]
    [InlineData("<f2", "False", "0 0 0 60 0 0 0 0", "holds 1 at [0,1] of its <f2 elements, expected 0 (attend) or -inf (leave out), the numbers that are added to scores")]
    [InlineData("<f2", "False", "0 0 0 0 0 0 0 126", "holds NaN at [1,1] of its <f2 elements, expected 0 (attend) or -inf (leave out), the numbers that are added to scores")]
    [InlineData("<c8", "False", "0", "has elements of type <c8, expected bool, integers of 0 and 1, or floats of 0 and -inf")]
    public void Refuses_masks_of_anything_else(string type, string fortranOrder, string bytes, string message)
    {
        byte[] data = [.. bytes.Split(' ').Select(byte.Parse)];
        using MemoryStream stream = new(NpyBytes.Create($"{{'descr': '{type}', 'fortran_order': {fortranOrder}, 'shape': (2, 2), }}", data));
        Assert.Equal(message, Assert.Throws<NpyFormatException>(() => NpyMask.Read(stream)).Message);
    }

    [Fact]
    public void Takes_Fortran_order_of_one_axis_because_it_is_C_order_too()
    {
        using MemoryStream stream = new(NpyBytes.Create("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", [0, 0, 128, 63]));

        Assert.Equal([1f], NpyReader.ReadFloats(stream).Values);
    }

    [Theory]
    [InlineData(7, "holds 7 bytes of data, expected 8 for its shape")]
    [InlineData(9, "has more data than the 8 bytes its shape asks for")]
    public void Checks_the_amount_of_data_of_a_stream_without_a_length(int bytes, string message)
    {
        using MemoryStream compressed = new();
        using (DeflateStream deflate = new(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(NpyBytes.Create("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", new byte[bytes]));
        }

        compressed.Position = 0;
        using DeflateStream stream = new(compressed, CompressionMode.Decompress);
        Assert.Equal(message, Assert.Throws<NpyFormatException>(() => NpyReader.ReadFloats(stream)).Message);
    }

    public static TheoryData<byte[], string> Unreadable => new()
    {
        { [], "is empty, expected a .npy file" },
        { [0x93, .. "NUMP"u8], "is not a .npy file: it does not begin with \\x93NUMPY" },
        { [.. "PK\u0003\u0004 a zip file"u8], "is not a .npy file: it does not begin with \\x93NUMPY" },
        { NpyBytes.Create("{}", [], major: 4), "has .npy format version 4.0, expected 1.0, 2.0 or 3.0" },
        { NpyBytes.Create("{}", [], major: 1, minor: 1), "has .npy format version 1.1, expected 1.0, 2.0 or 3.0" },
        { [0x93, .. "NUMPY"u8, 1, 0, 5], "ends inside its header" },
        { [0x93, .. "NUMPY"u8, 1, 0, 200, 0, (byte)'{'], "ends inside its header" },
        { [0x93, .. "NUMPY"u8, 2, 0, 255, 255, 255, 255, (byte)'{'], "claims a header of 4294967295 bytes, expected at most 65536" },
        { NpyBytes.Create("{'descr': '|f4', 'fortran_order': False, 'shape': (2,), }", new byte[8]), "has elements of type |f4, expected float16, float32 or float64 (f2, f4 or f8)" },
        { NpyBytes.Create("{'descr': '<f1', 'fortran_order': False, 'shape': (8,), }", new byte[8]), "has elements of type <f1, expected float16, float32 or float64 (f2, f4 or f8)" },
        { NpyBytes.Create("{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }", new byte[16]), "has elements of type <f16, expected float16, float32 or float64 (f2, f4 or f8)" },
        { NpyBytes.Create("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", new byte[8]), "has elements of type <i4, expected float16, float32 or float64 (f2, f4 or f8)" },
        { NpyBytes.Create("{'descr': [('a', '<f4'), ('b', [('c', '<f4')])], 'fortran_order': False, 'shape': (1,), }", new byte[8]), "has elements of type [('a', '<f4'), ('b', [('c', '<f4')])], expected float16, float32 or float64 (f2, f4 or f8)" },
        { NpyBytes.Create("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", new byte[7]), "holds 7 bytes of data, expected 8 for its shape" },
        { NpyBytes.Create("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", new byte[9]), "holds 9 bytes of data, expected 8 for its shape" },
        { NpyBytes.Create("{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2147483647, 2147483647, 2147483647, 2147483647), }", []), "has shape (2147483647, 2147483647, 2147483647, 2147483647, 2147483647), expected at most 2147483591 elements" },
        { NpyBytes.Create("{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647,), }", []), "has shape (2147483647), expected at most 2147483591 elements" },
    };

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void Refuses_anything_else(byte[] bytes, string message)
    {
        using MemoryStream stream = new(bytes);
        Assert.Equal(message, Assert.Throws<NpyFormatException>(() => NpyReader.ReadFloats(stream)).Message);
    }

    [Fact]
    public void Names_the_option_and_the_file()
    {
        using TemporaryDirectory directory = new();
        string text = directory.SaveBytes("text.npy", "hello"u8.ToArray());

        Assert.Equal($"--q {text}: is not a .npy file: it does not begin with \\x93NUMPY", Read(text));
        Assert.Equal($"--q {directory["none.npy"]}: no such file", Read(directory["none.npy"]));
        Assert.Equal($"--q {directory["no/such.npy"]}: no such file", Read(directory["no/such.npy"]));
        Assert.Equal($"--q {directory["."]}: is a directory, expected a .npy file", Read(directory["."]));

        static string Read(string path) => Assert.Throws<InputException>(() => NpyReader.ReadFloats("--q", new FileInfo(path))).Message;
    }
}
