using System.Numerics;

namespace FastAttn.Tensors;

/// <summary>The upper half of a float32.</summary>
internal readonly struct Bfloat16 : IElementBits
{
    private const int Shift = 16, FloatInfinity = 255 << 23, QuietNaN = 0x0040;

    public static short Exponent => FloatInfinity >> Shift;

    public static bool AreNormal(Vector<short> bits) => true;

    public static Vector<int> WidenNormal(Vector<int> bits) => Vector.ShiftLeft(bits, Shift);

    public static Vector<int> Widen(Vector<int> bits) => WidenNormal(bits);

    /// <summary>All but NaN.</summary>
    public static bool BecomeNormal(Vector<int> first, Vector<int> second)
    {
        Vector<int> all = new(int.MaxValue);
        return Vector.LessThanOrEqualAll(Vector.Max(first & all, second & all), new Vector<int>(FloatInfinity));
    }

    /// <summary>Adding a little less than half a unit, and the last bit that stays, carries exactly where rounding goes up.</summary>
    public static Vector<int> NarrowNormal(Vector<int> bits)
    {
        Vector<int> odd = Vector.ShiftRightLogical(bits, Shift) & Vector<int>.One;
        return Vector.ShiftRightLogical(bits + odd + new Vector<int>((1 << (Shift - 1)) - 1), Shift);
    }

    public static Vector<int> Narrow(Vector<int> bits)
    {
        Vector<int> isNaN = Vector.GreaterThan(bits & new Vector<int>(int.MaxValue), new Vector<int>(FloatInfinity));
        return Vector.ConditionalSelect(isNaN, Vector.ShiftRightLogical(bits, Shift) | new Vector<int>(QuietNaN), NarrowNormal(bits));
    }
}
