using System.Numerics;

namespace FastAttn.Tensors;

/// <summary>
/// IEEE 754 binary16: a sign, 5 bits of exponent, 10 of the mantissa. Processors convert it in one instruction, but .NET has no way to say so.
/// </summary>
internal readonly struct Float16 : IElementBits
{
    private const int Sign = 0x8000, Infinity = 0x7C00, QuietNaN = 0x7E00, FloatInfinity = 255 << 23, MantissaShift = 23 - 10;

    /// <summary>What the exponents of the two types differ by, in place.</summary>
    private const int Rebias = (127 - 15) << 23;

    /// <summary>As float32: the smallest normal binary16, 2^−14; the first number that is rounded to infinity; 2^16.</summary>
    private const int LeastNormal = Rebias + (1 << 23), LeastInfinite = (127 + 16) << 23, MostNormal = LeastInfinite - (1 << (MantissaShift - 1)) - 1;

    /// <summary>Beside 0.5 a float32 has its last bit where a subnormal binary16 has it: the addition rounds.</summary>
    private const int Half = 126 << 23;

    public static short Exponent => Infinity;

    /// <summary>Exponents 0 and 31 are not: one more than these, modulo 32, is below 2.</summary>
    public static bool AreNormal(Vector<short> bits) =>
        !Vector.EqualsAny((bits + new Vector<short>(1 << 10)) & new Vector<short>(Infinity & ~(1 << 10)), Vector<short>.Zero);

    public static Vector<int> WidenNormal(Vector<int> bits) =>
        (Vector.ShiftLeft(bits, MantissaShift) & new Vector<int>(int.MinValue | ((Sign - 1) << MantissaShift))) + new Vector<int>(Rebias);

    public static Vector<int> Widen(Vector<int> bits)
    {
        Vector<int> magnitude = Vector.ShiftLeft(bits & new Vector<int>(Sign - 1), MantissaShift), sign = Vector.ShiftLeft(bits & new Vector<int>(Sign), 16);

        // Infinities and NaN have the largest exponent of either type. A subnormal number is what its bits add to the smallest normal one.
        Vector<int> special = Vector.GreaterThanOrEqual(magnitude, new Vector<int>(Infinity << MantissaShift));
        Vector<int> normal = magnitude + new Vector<int>(Rebias) + (special & new Vector<int>(Rebias));
        Vector<float> above = Vector.AsVectorSingle(magnitude + new Vector<int>(LeastNormal)) - Vector.AsVectorSingle(new Vector<int>(LeastNormal));
        return Vector.ConditionalSelect(Vector.LessThan(magnitude, new Vector<int>(1 << 23)), Vector.AsVectorInt32(above), normal) | sign;
    }

    public static bool BecomeNormal(Vector<int> first, Vector<int> second)
    {
        Vector<int> all = new(int.MaxValue), least = new(LeastNormal), most = new(MostNormal);
        Vector<int> a = first & all, b = second & all;
        return Vector.GreaterThanOrEqualAll(Vector.Min(a, b), least) && Vector.LessThanOrEqualAll(Vector.Max(a, b), most);
    }

    public static Vector<int> NarrowNormal(Vector<int> bits) =>
        (Rounded(bits & new Vector<int>(int.MaxValue)) - new Vector<int>(Rebias >> MantissaShift)) | SignOf(bits);

    public static Vector<int> Narrow(Vector<int> bits)
    {
        Vector<int> magnitude = bits & new Vector<int>(int.MaxValue), normal = Rounded(magnitude) - new Vector<int>(Rebias >> MantissaShift);
        Vector<int> subnormal = Vector.AsVectorInt32(Vector.AsVectorSingle(magnitude) + Vector.AsVectorSingle(new Vector<int>(Half))) - new Vector<int>(Half);
        Vector<int> isNaN = Vector.GreaterThan(magnitude, new Vector<int>(FloatInfinity));
        Vector<int> beyond = Vector.ConditionalSelect(isNaN, new Vector<int>(QuietNaN), new Vector<int>(Infinity));
        Vector<int> within = Vector.ConditionalSelect(Vector.LessThan(magnitude, new Vector<int>(LeastNormal)), subnormal, normal);
        Vector<int> rounded = Vector.ConditionalSelect(Vector.LessThan(magnitude, new Vector<int>(LeastInfinite)), within, beyond);
        return rounded | SignOf(bits);
    }

    private static Vector<int> SignOf(Vector<int> bits) => Vector.ShiftRightLogical(bits, 16) & new Vector<int>(Sign);

    /// <summary>
    /// Without the last bits of the mantissa. Adding a little less than half a unit, and the last bit that stays, carries exactly where rounding goes up.
    /// </summary>
    private static Vector<int> Rounded(Vector<int> magnitude)
    {
        Vector<int> odd = Vector.ShiftRightLogical(magnitude, MantissaShift) & Vector<int>.One;
        return Vector.ShiftRightLogical(magnitude + odd + new Vector<int>((1 << (MantissaShift - 1)) - 1), MantissaShift);
    }
}
