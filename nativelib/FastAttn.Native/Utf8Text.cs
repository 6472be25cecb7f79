using System.Text.Unicode;

namespace FastAttn.Native;

/// <summary>Texts for C, in memory that C knows the size of.</summary>
internal static unsafe class Utf8Text
{
    /// <summary>Writes UTF-8 with a zero at its end, as much as there is room for.</summary>
    /// <param name="text">The text.</param>
    /// <param name="memory">Where it goes.</param>
    /// <param name="bytes">The room, at least 1.</param>
    public static void Store(string text, byte* memory, int bytes)
    {
        // It stops at a whole character when room runs out; the last byte stays for the zero.
        var room = new Span<byte>(memory, bytes);
        _ = Utf8.FromUtf16(text, room[..^1], out _, out int written);
        room[written] = 0;
    }
}
