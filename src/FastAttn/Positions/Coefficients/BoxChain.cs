namespace FastAttn.Positions;

/// <summary>What passes interpolated coefficients from the nodes of large boxes to those of the smaller boxes within, down to tokens.</summary>
/// <param name="ranks">Nodes of a box at each level.</param>
internal sealed unsafe class BoxChain(int[] ranks)
{
    /// <summary>Rows that are passed down together.</summary>
    public const int Rows = 3;

    /// <summary>Whole boxes are all alike: what they pass is computed once for each half.</summary>
    private readonly double[]?[] _halves = new double[2 * ranks.Length][];

    private readonly double[] _leaf = Weights(SmoothTails.LeafTokens, ranks[0], [.. Enumerable.Range(0, SmoothTails.LeafTokens)]);

    public int Rank(int level) => ranks[level];

    /// <summary>What the nodes of a whole box weigh at one of its tokens.</summary>
    public double[] TokenWeights(int level, int token)
    {
        if (level == 0) return _leaf[(token * ranks[0])..((token + 1) * ranks[0])];
        int half = Tokens(level) / 2, side = token / half, rank = ranks[level];
        double[] inner = TokenWeights(level - 1, token - (side * half)), toParent = Half(level, side), weights = new double[rank];
        for (int p = 0; p < inner.Length; p++)
        {
            for (int q = 0; q < rank; q++) weights[q] += inner[p] * toParent[(p * rank) + q];
        }

        return weights;
    }

    /// <summary>Values at each token of a box, <see cref="Rows"/> rows of them, from those at its nodes.</summary>
    /// <param name="level">The box's level.</param>
    /// <param name="tokens">Its tokens; fewer than a whole box's when it is the last.</param>
    /// <param name="atNodes"><c>[row, node]</c>.</param>
    /// <param name="first">The box's first token.</param>
    /// <param name="look">Called with a token and the values of all rows at it; false ends.</param>
    public bool PassDown(int level, int tokens, ReadOnlySpan<double> atNodes, int first, Func<int, double, double, double, bool> look)
    {
        int rank = ranks[level];
        if (level == 0)
        {
            double[] weights = tokens == SmoothTails.LeafTokens ? _leaf : Weights(tokens, rank, [.. Enumerable.Range(0, tokens)]);
            for (int token = 0; token < tokens; token++)
            {
                double a = 0, b = 0, c = 0;
                for (int p = 0; p < rank; p++)
                {
                    double weight = weights[(token * rank) + p];
                    a += weight * atNodes[p];
                    b += weight * atNodes[rank + p];
                    c += weight * atNodes[(2 * rank) + p];
                }

                if (!look(first + token, a, b, c)) return false;
            }

            return true;
        }

        int half = Tokens(level) / 2, childRank = ranks[level - 1];
        Span<double> child = stackalloc double[Rows * SmoothTails.MostRank];
        for (int side = 0; side < 2 && side * half < tokens; side++)
        {
            int inside = Math.Min(half, tokens - (side * half));
            double[] toParent = tokens == 2 * half ? Half(level, side) : ToParent(level, tokens, side * half, inside);
            child.Clear();
            for (int row = 0; row < Rows; row++)
            {
                for (int p = 0; p < childRank; p++)
                {
                    for (int q = 0; q < rank; q++) child[(row * childRank) + p] += toParent[(p * rank) + q] * atNodes[(row * rank) + q];
                }
            }

            if (!PassDown(level - 1, inside, child, first + (side * half), look)) return false;
        }

        return true;
    }

    private static int Tokens(int level) => SmoothTails.LeafTokens << level;

    private double[] Half(int level, int side) => _halves[(2 * level) + side] ??= ToParent(level, Tokens(level), side * (Tokens(level) / 2), Tokens(level) / 2);

    /// <summary><c>[child's node, node]</c> of a box and a part of it.</summary>
    private double[] ToParent(int level, int tokens, int start, int inside)
    {
        int* nodes = stackalloc int[SmoothTails.MostRank];
        Interpolation.Nodes(inside, ranks[level - 1], nodes);
        int[] places = new int[ranks[level - 1]];
        for (int p = 0; p < places.Length; p++) places[p] = start + nodes[p];
        return Weights(tokens, ranks[level], places);
    }

    /// <summary><c>[place, node]</c>.</summary>
    private static double[] Weights(int tokens, int rank, ReadOnlySpan<int> places)
    {
        int* nodes = stackalloc int[SmoothTails.MostRank];
        Interpolation.Nodes(tokens, rank, nodes);
        double[] weights = new double[places.Length * rank];
        fixed (double* start = weights)
        {
            for (int place = 0; place < places.Length; place++) Interpolation.Weights(nodes, tokens, rank, places[place], start + (place * rank));
        }

        return weights;
    }
}
