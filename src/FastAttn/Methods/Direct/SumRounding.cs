using FastAttn.Kernels;
using FastAttn.Sums;

namespace FastAttn.Methods;

/// <summary>
/// How far the rounding of a method's sums can put a row off, as a share of the largest ‖v_j‖ that it sees. A float32 sum of L terms, one after
/// the other, is off by at most L·u of the sum of their sizes, u = 2⁻²⁴ (Higham 2002, §4.2); where sums are summed their lengths add up, and so do
/// those of numerator and denominator. No length here grows with the number of keys. Features, their products and coefficients are
/// taken as the float32 numbers that they are.
/// </summary>
internal static class SumRounding<TKernels>
    where TKernels : struct, IKernels
{
    private const double Unit = 1.0 / (1 << 24);

    /// <summary>The reciprocal of the denominator, and the product with it.</summary>
    private const int Division = 2;

    /// <summary>Sums of loud tokens that join both others, each no longer than a block's.</summary>
    private const int LoudBlocks = 4;

    /// <summary>Depth that a product sums at once; longer ones are sums of such.</summary>
    private const int ProductDepth = 256;

    /// <summary>
    /// Methods that sum keys first and features after have several sums one after the other. Terms that are alike err the same way while a sum
    /// stays between two powers of two, by up to half a unit each: together by 3/8 of the length at most, at 4/3 of a power of two.
    /// This share of the whole length is more than any one of the sums can do to a row. That all of them meet their worst at once
    /// would take data that know every rounding.
    /// </summary>
    private const double Drift = 3.0 / 8;

    /// <summary>The direct tiles: keys of a block, blocks of a part, parts, loud tokens; for denominators, keys of a lane, lanes, parts.</summary>
    public static double Direct
    {
        get
        {
            int numerator = KernelShape.KeyTile + TileTotals<TKernels>.BlocksPerPart + CompensatedSums.Roundings;
            int denominator = (TileTotals<TKernels>.BlocksPerRowSum * KernelShape.KeyTile / TKernels.Lanes) + LaneFolds + CompensatedSums.Roundings;
            return (numerator + denominator + (2 * LoudBlocks) + Division) * Unit;
        }
    }

    /// <summary>The same by <see cref="FineBlocks{TKernels}"/>: denominators are in float64 until they are rounded once.</summary>
    public static double Fine => (FineBlocks<TKernels>.KeysPerSum + CompensatedSums.Roundings + 1 + Division) * Unit;

    /// <summary>The bound of direct sums.</summary>
    public static double OfDirect(bool isFine) => isFine ? Fine : Direct;

    /// <summary>Whether direct sums keep a tolerance only by <see cref="FineBlocks{TKernels}"/>: a little is left for what underflows.</summary>
    public static bool NeedsFine(float tolerance) => Direct > 0.97 * tolerance;

    /// <summary>
    /// Sums of keys first and of features after, where so many sums are joined; a share of the worst (see <see cref="Drift"/>), as is what is added to it.
    /// </summary>
    public static double KeysFirst(int joins, int features, double added = 0) => Drift * ((Unit * KeysFirstLength(joins, features)) + added);

    /// <summary>What direct tiles add where keys from afar are in the sums already: all but the first block's own keys.</summary>
    public static double NearBand => Direct - (KernelShape.KeyTile * Unit);

    private static int LaneFolds => int.Log2(TKernels.Lanes);

    /// <summary>Lengths of both sums: keys of a block, blocks and parts, then features.</summary>
    private static int KeysFirstLength(int joins, int features)
    {
        int numerator = Math.Min(features, ProductDepth) + (features / ProductDepth), denominator = (features / (4 * TKernels.Lanes)) + 2 + LaneFolds;
        return (2 * (KernelShape.KeyTile + joins)) + numerator + denominator + Division;
    }
}
