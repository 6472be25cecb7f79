namespace FastAttn.Tests.Tensors;

/// <summary>Conversion between float32 and other element types, one number at a time and by other means than the library's.</summary>
internal static class ByHand
{
    /// <summary>The bits of a number rounded to nearest, ties to even.</summary>
    public static uint Bits(ElementType element, float value) => element switch
    {
        ElementType.Float32 => BitConverter.SingleToUInt32Bits(value),
        ElementType.Float16 => BitConverter.HalfToUInt16Bits((Half)value),
        ElementType.Bfloat16 => Upper(value),
        _ => throw new ArgumentOutOfRangeException(nameof(element)),
    };

    /// <summary>The number that bits stand for.</summary>
    public static float Value(ElementType element, uint bits) => element switch
    {
        ElementType.Float32 => BitConverter.UInt32BitsToSingle(bits),
        ElementType.Float16 => (float)BitConverter.UInt16BitsToHalf((ushort)bits),
        ElementType.Bfloat16 => BitConverter.UInt32BitsToSingle(bits << 16),
        _ => throw new ArgumentOutOfRangeException(nameof(element)),
    };

    public static float Round(ElementType element, float value) => Value(element, Bits(element, value));

    public static float[] Round(ElementType element, float[] values) => Array.ConvertAll(values, value => Round(element, value));

    private static uint Upper(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value), upper = bits >> 16, lower = bits & 0xFFFF;
        if (float.IsNaN(value)) return upper | 1;
        return lower > 0x8000 || (lower == 0x8000 && upper % 2 == 1) ? upper + 1 : upper;
    }
}
