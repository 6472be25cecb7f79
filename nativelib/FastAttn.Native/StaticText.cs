using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary>Zero-terminated UTF-8 that lives as long as the process.</summary>
internal static unsafe class StaticText
{
    /// <summary>The address of a <c>u8</c> literal, which the compiler keeps in read-only data and ends with a zero.</summary>
    public static byte* Literal(ReadOnlySpan<byte> literal) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(literal));

    /// <summary>Copies a text into memory that is never freed: for the few texts that are made once.</summary>
    public static byte* Keep(string text) => (byte*)Marshal.StringToCoTaskMemUTF8(text);
}

/// <summary>The words of a choice as static text, made once.</summary>
internal static unsafe class StaticWords<TChoice>
    where TChoice : struct, Enum
{
    private static readonly nint[] s_words = Array.ConvertAll(Enum.GetValues<TChoice>(), choice => (nint)StaticText.Keep(Words.Of(choice)));

    public static byte* Of(TChoice choice) => (byte*)s_words[Array.IndexOf(Enum.GetValues<TChoice>(), choice)];
}
