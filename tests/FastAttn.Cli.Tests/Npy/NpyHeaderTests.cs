using System.Text;
using FastAttn.Cli.Npy;

namespace FastAttn.Cli.Tests.Npy;

public class NpyHeaderTests
{
    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", new[] { 2, 3 })]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", new[] { 2, 3 })]
    [InlineData("{\"shape\":(2,3,),\"descr\":\"<f4\",\"fortran_order\":False}  \n", new[] { 2, 3 })]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }", new[] { 7 })]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", new int[0])]
    public void Reads_every_spelling_of_the_dictionary(string text, int[] shape)
    {
        NpyHeader header = NpyHeaderParser.Parse(text);

        Assert.Equal("<f4", header.Descr);
        Assert.False(header.FortranOrder);
        Assert.Equal(shape, header.Shape);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Reads_every_format_version_and_stops_at_the_data(byte version)
    {
        byte[] bytes = NpyBytes.Create("{'descr': '<f8', 'fortran_order': True, 'shape': (4, 5), }\n", [42], version);
        using MemoryStream stream = new(bytes);

        NpyHeader header = NpyHeader.Read(stream);

        Assert.Equal("<f8", header.Descr);
        Assert.True(header.FortranOrder);
        Assert.Equal([4, 5], header.Shape);
        Assert.Equal(42, stream.ReadByte());
    }

    [Theory]
    [InlineData("", "has a malformed .npy header: the end at character 0, expected {")]
    [InlineData("[]", "has a malformed .npy header: '[' at character 0, expected {")]
    [InlineData("{}", "has a malformed .npy header: the end at character 2, expected descr, fortran_order and shape, once each")]
    [InlineData("{'descr': '<f4'}", "has a malformed .npy header: the end at character 16, expected descr, fortran_order and shape, once each")]
    [InlineData("{'color': 1}", "has a malformed .npy header: key 'color' at character 9, expected descr, fortran_order and shape, once each")]
    [InlineData("{'descr': '<f4', 'descr': '<f4'}", "has a malformed .npy header: key 'descr' at character 25, expected descr, fortran_order and shape, once each")]
    [InlineData("{'descr", "has a malformed .npy header: the end at character 1, expected '")]
    [InlineData("{'descr' '<f4'}", "has a malformed .npy header: ''' at character 9, expected :")]
    [InlineData("{'descr': [('a', '<f4')", "has a malformed .npy header: the end at character 23, expected ]")]
    [InlineData("{'fortran_order': 0}", "has a malformed .npy header: '0' at character 18, expected True or False")]
    [InlineData("{'shape': (-1,)}", "has a malformed .npy header: '-' at character 11, expected an extent")]
    [InlineData("{'shape': (2 3)}", "has a malformed .npy header: '3' at character 13, expected )")]
    [InlineData("{'shape': (3", "has a malformed .npy header: the end at character 12, expected )")]
    [InlineData("{'shape': (99999999999,)}", "has an extent of 99999999999, expected at most 2147483647")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", "has a malformed .npy header: 'x' at character 56, expected the end")]
    public void Refuses_any_other_dictionary(string text, string message) =>
        Assert.Equal(message, Assert.Throws<NpyFormatException>(() => NpyHeaderParser.Parse(text)).Message);

    [Fact]
    public void Writes_what_NumPy_writes()
    {
        using MemoryStream stream = new();
        new NpyHeader("<f4", FortranOrder: false, [2, 3]).Write(stream);

        // The bytes of numpy.save for a (2, 3) float32 array.
        byte[] expected = [0x93, .. "NUMPY"u8, 1, 0, 0x76, 0, .. Encoding.Latin1.GetBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".PadRight(117) + "\n")];
        Assert.Equal(expected, stream.ToArray());
    }

    [Property]
    public void Reads_what_it_writes_and_aligns_the_data(byte first, ushort second, int third)
    {
        NpyHeader header = new("<f4", FortranOrder: false, [first, second, Math.Abs(third % int.MaxValue)]);
        using MemoryStream stream = new();
        header.Write(stream);
        Assert.Equal(0, stream.Length % 64);

        stream.Position = 0;
        NpyHeader read = NpyHeader.Read(stream);
        Assert.Equal(header.Shape, read.Shape);
        Assert.Equal(stream.Length, stream.Position);
    }
}
