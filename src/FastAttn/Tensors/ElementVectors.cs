using System.Numerics;
using System.Runtime.CompilerServices;

namespace FastAttn.Tensors;

/// <summary>
/// Conversion of rows of 16-bit numbers, a vector at a time. The last vector of a row ends with the row; what is shorter than a vector goes through
/// one of its own.
/// </summary>
internal static unsafe class ElementVectors<TElement>
    where TElement : struct, IElementBits
{
    private static int Width => Vector<short>.Count;

    /// <summary>Reads rows that are <paramref name="stride"/> apart and writes them one after the other.</summary>
    public static void Widen(short* source, long stride, int rows, int columns, float* target)
    {
        for (int row = 0; row < rows; row++, source += stride, target += columns)
        {
            int i = 0;
            for (; i <= columns - Width; i += Width) WidenOne(source + i, target + i);
            if (i == columns) continue;
            if (columns > Width) WidenOne(source + columns - Width, target + columns - Width);
            else WidenFew(source, target, columns);
        }
    }

    /// <summary>Rounds one row.</summary>
    public static void Narrow(float* source, short* target, int count)
    {
        int i = 0;
        for (; i <= count - Width; i += Width) NarrowOne(source + i, target + i);
        if (i == count) return;
        if (count > Width) NarrowOne(source + count - Width, target + count - Width);
        else NarrowFew(source, target, count);
    }

    public static bool AllFinite(short* source, int count)
    {
        var exponent = new Vector<short>(TElement.Exponent);
        int i = 0;
        for (; i <= count - Width; i += Width)
        {
            if (Vector.EqualsAny(Vector.Load(source + i) & exponent, exponent)) return false;
        }

        for (; i < count; i++)
        {
            if ((source[i] & TElement.Exponent) == TElement.Exponent) return false;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WidenOne(short* source, float* target)
    {
        Vector<short> bits = Vector.Load(source);
        if (!TElement.AreNormal(bits))
        {
            WidenAny(source, target);
            return;
        }

        Vector.Widen(bits, out Vector<int> low, out Vector<int> high);
        Vector.Store(Vector.AsVectorSingle(TElement.WidenNormal(low)), target);
        Vector.Store(Vector.AsVectorSingle(TElement.WidenNormal(high)), target + (Width / 2));
    }

    /// <summary>Not inlined: the loop around it keeps its registers.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WidenAny(short* source, float* target)
    {
        Vector.Widen(Vector.Load(source), out Vector<int> low, out Vector<int> high);
        Vector.Store(Vector.AsVectorSingle(TElement.Widen(low)), target);
        Vector.Store(Vector.AsVectorSingle(TElement.Widen(high)), target + (Width / 2));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WidenFew(short* source, float* target, int count)
    {
        Vector<short> narrow = default;
        float* wide = stackalloc float[Width];
        new ReadOnlySpan<short>(source, count).CopyTo(new Span<short>(&narrow, Width));
        WidenAny((short*)&narrow, wide);
        new ReadOnlySpan<float>(wide, count).CopyTo(new Span<float>(target, count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void NarrowOne(float* source, short* target)
    {
        Vector<int> low = Vector.AsVectorInt32(Vector.Load(source)), high = Vector.AsVectorInt32(Vector.Load(source + (Width / 2)));
        if (!TElement.BecomeNormal(low, high))
        {
            NarrowAny(source, target);
            return;
        }

        Vector.Store(Vector.Narrow(TElement.NarrowNormal(low), TElement.NarrowNormal(high)), target);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void NarrowAny(float* source, short* target)
    {
        Vector<int> low = TElement.Narrow(Vector.AsVectorInt32(Vector.Load(source)));
        Vector.Store(Vector.Narrow(low, TElement.Narrow(Vector.AsVectorInt32(Vector.Load(source + (Width / 2))))), target);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void NarrowFew(float* source, short* target, int count)
    {
        Vector<short> narrow;
        float* wide = stackalloc float[Width];
        new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(wide, Width));
        NarrowAny(wide, (short*)&narrow);
        new ReadOnlySpan<short>(&narrow, count).CopyTo(new Span<short>(target, count));
    }
}
