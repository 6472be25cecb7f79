using System.Numerics.Tensors;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>
/// Which few tokens are so loud that the others are lost beside them. The size of a token is its largest feature, for numerators times
/// ‖v_j‖. Most heads have no such token, which a look at the first thousand tokens or so shows.
/// </summary>
internal static unsafe class LoudChoice
{
    /// <summary>Tokens that may be loud in their keys, and as many in their values: each 64 cost some percent of a transform.</summary>
    private const int MostOfAKind = 128;

    /// <summary>Tokens that can be chosen among so many: at most an eighth, or they would not be few.</summary>
    public static int Most(int tokens) => 2 * MostOf(tokens);

    /// <summary>
    /// Finds the loud tokens and returns how many there are. What is known of their size moves to <paramref name="taken"/>: they are left
    /// with scale −∞ and norm zero.
    /// </summary>
    /// <param name="scales">The logarithm of each key's largest feature; −∞ where a key is dropped.</param>
    /// <param name="norms">‖v_j‖.</param>
    /// <param name="count">Tokens.</param>
    /// <param name="keyLoudness">See <see cref="AttentionMethod.KeyLoudness"/>.</param>
    /// <param name="valueLoudness">See <see cref="AttentionMethod.ValueLoudness"/>.</param>
    /// <param name="taken">Room for <see cref="Most"/>.</param>
    /// <param name="arena">Scratch, given back.</param>
    public static int TakeOut(double* scales, double* norms, int count, double keyLoudness, double valueLoudness, LoudToken* taken, ref Arena arena)
    {
        long mark = arena.Mark;
        double* sizes = arena.Take<double>(count);
        int found = 0;
        if (!arena.IsMeasuring)
        {
            found = TakeOutBy(sizes, scales, null, norms, count, keyLoudness, taken);
            found += TakeOutBy(sizes, scales, norms, norms, count, valueLoudness, taken + found);
        }

        arena.Release(mark);
        return found;
    }

    private static int MostOf(int tokens) => Math.Min(MostOfAKind, tokens / 16);

    /// <summary>The same by the size of keys alone, or by that of keys times <paramref name="factors"/>.</summary>
    private static int TakeOutBy(double* sizes, double* scales, double* factors, double* norms, int count, double ratio, LoudToken* taken)
    {
        int* tokens = stackalloc int[MostOfAKind];
        int found = Find(sizes, scales, factors, count, ratio, tokens);
        for (int index = 0; index < found; index++)
        {
            int token = tokens[index];
            taken[index] = new LoudToken(token, scales[token], norms[token]);
            scales[token] = double.NegativeInfinity;
            norms[token] = 0;
        }

        return found;
    }

    private static int Find(double* sizes, double* scales, double* norms, int count, double ratio, int* tokens)
    {
        if (double.IsPositiveInfinity(ratio) || !CanBeFew(scales, norms, count, ratio)) return 0;
        var logarithms = new Span<double>(sizes, count);
        if (norms is null) logarithms.Clear();
        else TensorPrimitives.Log(new ReadOnlySpan<double>(norms, count), logarithms);
        TensorPrimitives.Add(logarithms, new ReadOnlySpan<double>(scales, count), logarithms);
        int most = MostOf(count - logarithms.Count(double.NegativeInfinity));
        if (most == 0) return 0;
        double* largest = stackalloc double[MostOfAKind];
        FindLargest(sizes, count, largest, tokens, most);

        // Sums of squares relative to the last of them: each of the others adds no more than one.
        double last = largest[most - 1], rest = -most;
        foreach (double size in logarithms) rest += Square(Math.Min(size, last), last);
        rest = Math.Max(rest, 0);
        double left = rest;
        while (most > 0 && (left += Square(largest[most - 1], last)) <= ratio * rest) most--;
        return most;
    }

    /// <summary>
    /// Whether few tokens can have so much of the sum. With squares over the largest one's cut off at c = 1 / (ratio − 1), what is left without the
    /// few is at least the sum less c for each; it is too much to make them loud where it is c for each or more. Mostly a few hundred tokens tell.
    /// </summary>
    private static bool CanBeFew(double* scales, double* norms, int count, double ratio)
    {
        double largest = TensorPrimitives.Max(new ReadOnlySpan<double>(scales, count)), cut = 1 / (ratio - 1), enough = 2 * MostOf(count) * cut, sum = 0;
        double largestNorm = norms is null ? 1 : TensorPrimitives.Max(new ReadOnlySpan<double>(norms, count));
        if (double.IsNegativeInfinity(largest) || largestNorm == 0) return false;
        for (int j = 0; j < count && sum < enough; j++)
        {
            double size = Math.Exp(scales[j] - largest) * (norms is null ? 1 : norms[j] / largestNorm);
            sum += Math.Min(size * size, cut);
        }

        return sum < enough;
    }

    /// <summary>The largest sizes, falling, and whose they are.</summary>
    private static void FindLargest(double* sizes, int count, double* largest, int* tokens, int most)
    {
        int found = 0;
        for (int j = 0; j < count; j++)
        {
            if (found == most && sizes[j] <= largest[most - 1]) continue;
            int place = found < most ? found++ : most - 1;
            for (; place > 0 && largest[place - 1] < sizes[j]; place--)
            {
                largest[place] = largest[place - 1];
                tokens[place] = tokens[place - 1];
            }

            largest[place] = sizes[j];
            tokens[place] = j;
        }
    }

    private static double Square(double logarithm, double unit) => Math.Exp(2 * (logarithm - unit));
}
