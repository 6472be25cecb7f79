using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace FastAttn.Cli.Npy;

/// <summary>
/// The header of a <c>.npy</c> file: element type, order and shape. Format 1.0, 2.0 and 3.0 as described in NumPy's
/// <c>numpy.lib.format</c>. Own code and not NumSharp, which was tried (0.81.0, Apache 2.0, no dependencies, right on every type and order that is
/// read here): it adds 6 MB of an array library that emits code at run time, which ahead-of-time builds cannot do, for some hundred lines that
/// rarely change, and the errors here name the file, the entry and what was expected.
/// </summary>
/// <param name="Descr">The element type as NumPy spells it, e.g. <c>&lt;f4</c>; for a structured type the text of its list.</param>
/// <param name="FortranOrder">Whether the first axis varies fastest.</param>
/// <param name="Shape">Extents, outermost first; empty for a scalar.</param>
internal sealed record NpyHeader(string Descr, bool FortranOrder, int[] Shape)
{
    // A header with a shape and a plain type takes about a hundred bytes. What claims more than this is damaged, and nothing of that size is allocated for it.
    private const int LongestHeader = 1 << 16;

    private const int Alignment = 64;

    /// <summary>The element type without its byte order: <c>f4</c>; empty where a byte order is missing or not one that the type can have.</summary>
    public string Type => Descr switch
    {
        ['|', _, '1'] => Descr[1..],
        ['<' or '>', _, '2' or '4' or '8'] => Descr[1..],
        _ => "",
    };

    /// <summary>Whether the most significant byte of an element comes first.</summary>
    public bool IsBigEndian => Descr is ['>', ..];

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads the header and leaves the stream at the first element.</summary>
    /// <exception cref="NpyFormatException">The bytes are not a header.</exception>
    public static NpyHeader Read(Stream stream)
    {
        Span<byte> start = stackalloc byte[8];
        int came = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (came < start.Length || !start[..6].SequenceEqual(Magic))
        {
            throw new NpyFormatException(came == 0 ? "is empty, expected a .npy file" : "is not a .npy file: it does not begin with \\x93NUMPY");
        }

        (byte major, byte minor) = (start[6], start[7]);
        if (major is < 1 or > 3 || minor != 0)
        {
            throw new NpyFormatException($"has .npy format version {major}.{minor}, expected 1.0, 2.0 or 3.0");
        }

        Span<byte> lengthBytes = stackalloc byte[major == 1 ? 2 : 4];
        ReadFully(stream, lengthBytes);
        long length = major == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(lengthBytes) : BinaryPrimitives.ReadUInt32LittleEndian(lengthBytes);
        if (length > LongestHeader)
        {
            throw new NpyFormatException($"claims a header of {length} bytes, expected at most {LongestHeader}");
        }

        byte[] text = new byte[length];
        ReadFully(stream, text);
        Encoding encoding = major == 3 ? Encoding.UTF8 : Encoding.Latin1;
        return NpyHeaderParser.Parse(encoding.GetString(text));
    }

    /// <summary>Writes a header of format 1.0, padded so that the elements begin on a multiple of 64 bytes, as NumPy does.</summary>
    public void Write(Stream stream)
    {
        string extents = string.Join(", ", Shape.Select(extent => extent.ToString(CultureInfo.InvariantCulture)));
        string tuple = Shape.Length == 1 ? $"({extents},)" : $"({extents})";
        string dictionary = $"{{'descr': '{Descr}', 'fortran_order': {(FortranOrder ? "True" : "False")}, 'shape': {tuple}, }}";
        int unpadded = Magic.Length + 4 + dictionary.Length + 1;
        int padding = (Alignment - unpadded % Alignment) % Alignment;

        Span<byte> start = stackalloc byte[Magic.Length + 4];
        Magic.CopyTo(start);
        start[6] = 1;
        start[7] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(start[8..], checked((ushort)(dictionary.Length + padding + 1)));
        stream.Write(start);
        stream.Write(Encoding.Latin1.GetBytes(dictionary + new string(' ', padding) + '\n'));
    }

    private static void ReadFully(Stream stream, Span<byte> destination)
    {
        if (stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false) < destination.Length)
        {
            throw new NpyFormatException("ends inside its header");
        }
    }
}
