using System.Numerics;

namespace FastAttn.Tensors;

/// <summary>
/// A 16-bit type of numbers, by its bits. Numbers of 16 bits stand in 32 with their sign in every upper bit; what stands in the upper bits of a
/// result is left out.
/// </summary>
internal interface IElementBits
{
    /// <summary>The bits of the exponent: all of them are set in infinities and NaN, and only there.</summary>
    static abstract short Exponent { get; }

    /// <summary>Whether <see cref="WidenNormal"/> is right for all of these, as it mostly is.</summary>
    static abstract bool AreNormal(Vector<short> bits);

    /// <summary>The bits of float32 numbers for 16-bit numbers.</summary>
    static abstract Vector<int> Widen(Vector<int> bits);

    /// <summary>The same for normal numbers, in fewer steps.</summary>
    static abstract Vector<int> WidenNormal(Vector<int> bits);

    /// <summary>Whether <see cref="NarrowNormal"/> is right for all of these, as it mostly is.</summary>
    static abstract bool BecomeNormal(Vector<int> first, Vector<int> second);

    /// <summary>16-bit numbers for the bits of float32 numbers, rounded to nearest, ties to even.</summary>
    static abstract Vector<int> Narrow(Vector<int> bits);

    /// <summary>The same for numbers that become normal ones, in fewer steps.</summary>
    static abstract Vector<int> NarrowNormal(Vector<int> bits);
}
