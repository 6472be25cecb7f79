using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary>Checks that only raw arguments need: pointers, structure sizes, words and numbers wider than C#'s.</summary>
internal static unsafe class Arguments
{
    public static void NotNull(void* pointer, string name)
    {
        if (pointer is null) throw new AbiException(Status.Null, $"{name} is NULL; expected an address", name);
    }

    /// <summary>Checks a structure's first field against its size, or what that was each time before it grew.</summary>
    public static void StructSize(ulong size, int expected, string name, params ReadOnlySpan<int> former)
    {
        if (size == (ulong)expected || (size <= int.MaxValue && former.Contains((int)size))) return;
        throw new AbiException(Status.StructSize, $"{name}.struct_size is {size}; expected {expected}", name);
    }

    /// <summary>Reads a word; NULL is the default.</summary>
    public static TChoice Word<TChoice>(byte* word, TChoice whenNull, string name)
        where TChoice : struct, Enum
    {
        if (word is null) return whenNull;
        string text = Marshal.PtrToStringUTF8((nint)word)!;
        if (Words.All<TChoice>().Contains(text)) return Words.Parse<TChoice>(text, name);
        throw new AbiException(Status.Word, $"{name} is the unknown word '{text}'; expected one of {string.Join(", ", Words.All<TChoice>())}", name);
    }

    /// <summary>Narrows a size; the library itself checks the range each size really has.</summary>
    public static int Size(long value, string name) => value switch
    {
        < int.MinValue => throw new ArgumentOutOfRangeException(name, $"{name} is {value}; expected at least {int.MinValue}"),
        > int.MaxValue => throw new ArgumentOutOfRangeException(name, $"{name} is {value}; expected at most {int.MaxValue}"),
        _ => (int)value,
    };

    /// <summary>Narrows a number whose zero means "default".</summary>
    public static int? OptionalSize(long value, string name) => value == 0 ? null : Size(value, name);

    public static bool YesOrNo(int value, string name) => value switch
    {
        0 => false,
        1 => true,
        _ => throw new ArgumentOutOfRangeException(name, $"{name} is {value}; expected 0 or 1"),
    };

    public static bool? Choice(int value, string name) => value switch
    {
        0 => null,
        1 => true,
        2 => false,
        _ => throw new ArgumentOutOfRangeException(name, $"{name} is {value}; expected FA_DEFAULT (0), FA_YES (1) or FA_NO (2)"),
    };

    /// <summary>Checks a field that a later version may give a meaning.</summary>
    public static void Reserved(int value, string name)
    {
        if (value != 0) throw new AbiException(Status.Argument, $"{name} is {value}; expected 0", name);
    }

    public static int? Threads(int value) => OptionalSize(value, "threads");

    /// <summary>An array that the caller brings; NULL and 0 for none.</summary>
    /// <param name="data">The entries.</param>
    /// <param name="count">How many.</param>
    /// <param name="name">The argument.</param>
    /// <param name="mayBeEmpty">Whether an array of none is one that fits.</param>
    public static ReadOnlySpan<T> Span<T>(T* data, long count, string name, bool mayBeEmpty = false)
        where T : unmanaged
    {
        if (count == 0 && (data is null || mayBeEmpty)) return default;
        NotNull(data, name);
        if (count is < 1 or > int.MaxValue) throw new ShapeException($"{name}_count is {count}; expected 1 to {int.MaxValue}", name);
        return new ReadOnlySpan<T>(data, (int)count);
    }
}
