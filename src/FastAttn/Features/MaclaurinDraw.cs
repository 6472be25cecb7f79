using System.Numerics;

namespace FastAttn.Features;

/// <summary>Draws the degrees and signs of random Maclaurin features, every feature from a stream of its own.</summary>
internal static class MaclaurinDraw
{
    /// <param name="features">Random features.</param>
    /// <param name="dimension">Signs of a factor.</param>
    /// <param name="first">The lowest degree that is drawn.</param>
    /// <param name="seed">Any number.</param>
    /// <returns>Degrees N_i, and for each feature N_i factors of ±1.</returns>
    public static (int[] Degrees, sbyte[] Signs) Draw(int features, int dimension, int first, ulong seed)
    {
        int[] degrees = new int[features];
        var signs = new List<sbyte>(2 * features * dimension);
        for (int feature = 0; feature < features; feature++)
        {
            var random = new Philox(seed, (uint)feature, PhiloxPurpose.Maclaurin);
            degrees[feature] = Degree(first, ref random);
            uint bits = 0;
            for (int sign = 0; sign < degrees[feature] * dimension; sign++, bits >>= 1)
            {
                if (sign % 32 == 0) bits = random.NextWord();
                signs.Add((bits & 1) == 0 ? (sbyte)1 : (sbyte)-1);
            }
        }

        return (degrees, [.. signs]);
    }

    /// <summary>A word ends in z zeros with probability 2^(−z−1); degrees beyond the largest are drawn again.</summary>
    private static int Degree(int first, ref Philox random)
    {
        int degree;
        do degree = first + BitOperations.TrailingZeroCount(random.NextWord());
        while (degree > MaclaurinSeries.MaxDegree);
        return degree;
    }
}
