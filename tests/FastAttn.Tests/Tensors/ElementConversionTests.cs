using FastAttn.Tensors;
using FastAttn.Tests.Infrastructure;
using FastAttn.Tests.Kernels;

namespace FastAttn.Tests.Tensors;

/// <summary>16-bit numbers become float32 exactly, and float32 numbers are rounded to nearest, ties to even.</summary>
public sealed unsafe class ElementConversionTests
{
    public static TheoryData<ElementType> Narrow => [ElementType.Float16, ElementType.Bfloat16];

    [Theory]
    [MemberData(nameof(Narrow))]
    public void EveryNumberIsReadExactly(ElementType element)
    {
        ushort[] bits = [.. Enumerable.Range(0, 1 << 16).Select(pattern => (ushort)pattern)];
        var wide = new float[bits.Length];
        fixed (ushort* source = bits)
        fixed (float* target = wide)
            ElementConversion.Widen(element, source, 0, 1, bits.Length, target);
        for (int pattern = 0; pattern < bits.Length; pattern++)
        {
            float expected = ByHand.Value(element, bits[pattern]);
            if (!Same(expected, wide[pattern])) Assert.Fail($"{element} {pattern:x4} is read as {wide[pattern]:r}, expected {expected:r}");
        }
    }

    /// <summary>Every number of the type, the middles between neighbours, and the float32 numbers next to all of these.</summary>
    [Theory]
    [MemberData(nameof(Narrow))]
    public void RoundingIsToNearestAndTiesAreEven(ElementType element)
    {
        var values = new List<float>();
        for (uint pattern = 0; pattern < 1 << 16; pattern++)
        {
            // Before infinity the middle is that to the number which the next exponent would have.
            float number = ByHand.Value(element, pattern), next = ByHand.Value(element, (pattern + 1) & 0xFFFF);
            double above = float.IsInfinity(next) ? number * (1 + Math.Pow(2, element == ElementType.Float16 ? -11 : -8)) : ((double)number + next) / 2;
            foreach (float middle in (float[])[number, (float)above]) values.AddRange([middle, MathF.BitIncrement(middle), MathF.BitDecrement(middle)]);
        }

        AssertRounded(element, values);
    }

    /// <summary>Float32 numbers of all sizes, one in some thousands.</summary>
    [Theory]
    [MemberData(nameof(Narrow))]
    public void AnyFloat32IsRounded(ElementType element) =>
        AssertRounded(element, [.. Enumerable.Range(0, 1 << 20).Select(step => BitConverter.Int32BitsToSingle(unchecked(step * 4093)))]);

    /// <summary>Short rows and rows that do not fill their last vector, between pages that may not be touched.</summary>
    [Theory]
    [MemberData(nameof(Narrow))]
    public void AnyLengthIsConvertedAndNothingBeside(ElementType element)
    {
        float[] numbers = new Numbers(1).Normals(100, 100);
        for (int count = 0; count <= numbers.Length; count++)
        {
            float[] values = numbers[..count];
            using var wide = new GuardedFloats(values);
            using var memory = new GuardedFloats((count + 1) / 2);
            ushort* narrow = (ushort*)(memory.Pointer + memory.Count) - count;
            ElementConversion.Narrow(element, wide.Pointer, narrow, count);
            for (int i = 0; i < count; i++) Assert.Equal(ByHand.Bits(element, values[i]), narrow[i]);
            ElementConversion.Widen(element, narrow, 0, 1, count, wide.Pointer);
            Assert.Equal(ByHand.Round(element, values), wide.ToArray());
            Assert.True(ElementConversion.AllFinite(element, narrow, count));
            for (int i = 0; i < count; i++)
            {
                ushort kept = narrow[i];
                foreach (float special in (float[])[float.NaN, float.NegativeInfinity])
                {
                    narrow[i] = (ushort)ByHand.Bits(element, special);
                    Assert.False(ElementConversion.AllFinite(element, narrow, count));
                }

                narrow[i] = kept;
            }
        }
    }

    private static void AssertRounded(ElementType element, List<float> values)
    {
        float[] wide = [.. values, .. values.Select(value => -value)];
        var narrow = new ushort[wide.Length];
        fixed (float* source = wide)
        fixed (ushort* target = narrow)
            ElementConversion.Narrow(element, source, target, wide.Length);
        for (int i = 0; i < wide.Length; i++)
        {
            uint expected = ByHand.Bits(element, wide[i]);
            if (!(float.IsNaN(wide[i]) ? float.IsNaN(ByHand.Value(element, narrow[i])) : narrow[i] == expected))
                Assert.Fail($"{wide[i]:r} becomes {element} {narrow[i]:x4}, expected {expected:x4}");
        }
    }

    private static bool Same(float expected, float actual) =>
        float.IsNaN(expected) ? float.IsNaN(actual) : BitConverter.SingleToUInt32Bits(expected) == BitConverter.SingleToUInt32Bits(actual);
}
