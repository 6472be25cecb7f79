using System.Diagnostics;

namespace FastAttn.Tensors;

/// <summary>Conversion between float32 and the types of 16 bits.</summary>
internal static unsafe class ElementConversion
{
    /// <summary>Bytes of an element.</summary>
    public static int Bytes(this ElementType element) => element == ElementType.Float32 ? sizeof(float) : sizeof(short);

    /// <summary>Rows of 16-bit numbers, <paramref name="stride"/> apart, as rows of float32, which holds all of them, one after the other.</summary>
    public static void Widen(ElementType element, void* source, long stride, int rows, int columns, float* target)
    {
        switch (element)
        {
            case ElementType.Float16:
                ElementVectors<Float16>.Widen((short*)source, stride, rows, columns, target);
                break;
            case ElementType.Bfloat16:
                ElementVectors<Bfloat16>.Widen((short*)source, stride, rows, columns, target);
                break;
            default:
                throw Unknown(element);
        }
    }

    /// <summary>Float32 numbers rounded to 16 bits: to the nearest, and to the even one of two that are as near.</summary>
    public static void Narrow(ElementType element, float* source, void* target, int count)
    {
        switch (element)
        {
            case ElementType.Float16:
                ElementVectors<Float16>.Narrow(source, (short*)target, count);
                break;
            case ElementType.Bfloat16:
                ElementVectors<Bfloat16>.Narrow(source, (short*)target, count);
                break;
            default:
                throw Unknown(element);
        }
    }

    /// <summary>One number, rounded the same way.</summary>
    public static short Narrow(ElementType element, float value)
    {
        short narrow;
        Narrow(element, &value, &narrow, 1);
        return narrow;
    }

    /// <summary>True when every 16-bit number is finite.</summary>
    public static bool AllFinite(ElementType element, void* source, int count) => element switch
    {
        ElementType.Float16 => ElementVectors<Float16>.AllFinite((short*)source, count),
        ElementType.Bfloat16 => ElementVectors<Bfloat16>.AllFinite((short*)source, count),
        _ => throw Unknown(element),
    };

    private static UnreachableException Unknown(ElementType element) => new(Invariant($"element type {element} has no 16 bits"));
}
