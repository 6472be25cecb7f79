namespace FastAttn.Positions;

/// <summary>
/// Pairs of boxes at a distance from each other, of rows and of keys, and how far interpolation is from the coefficients between
/// their tokens. It is compared in a few rows of each pair, which together meet every offset; rows between them are off by at most
/// about the same, since the error is itself smooth. Twice the largest is stated.
/// </summary>
/// <param name="atCenter">The coefficient at the centre.</param>
/// <param name="left">Offsets to its left.</param>
/// <param name="right">Offsets to its right.</param>
internal sealed unsafe class BoxPairs(float* atCenter, int left, int right)
{
    private const double Margin = 2;

    /// <summary>Keys of a pair that a single level's error is looked for at.</summary>
    private const int SampledKeys = 200;

    /// <summary>The smallest distance from the centre at which boxes of a level meet.</summary>
    public static int Nearest(int level) => (SmoothTails.LeafTokens << level) + 1 - SmoothTails.Overhang;

    /// <summary>Whether there are pairs at a level.</summary>
    public bool Any(int level) => Pairs(level).Count > 0;

    /// <summary>
    /// The largest error beyond the relative one of nodes that tokens of a level's boxes meet at once, in some of them; stops beyond the limit.
    /// </summary>
    public double ErrorAlone(int level, int rank, double relative, double limit)
    {
        double worst = 0;
        int* nodes = stackalloc int[SmoothTails.MostRank];
        double* weights = stackalloc double[SmoothTails.MostRank];
        double[] rowWeights = new double[BoxChain.Rows * rank], atNodes = new double[BoxChain.Rows * rank];
        int tokens = SmoothTails.LeafTokens << level;
        Interpolation.Nodes(tokens, rank, nodes);
        for (int row = 0; row < BoxChain.Rows; row++)
        {
            Interpolation.Weights(nodes, tokens, rank, Row(row, tokens), weights);
            new Span<double>(weights, rank).CopyTo(rowWeights.AsSpan(row * rank));
        }

        foreach (Pair pair in Pairs(level))
        {
            float* c = AtNodes(pair, tokens, rank, rowWeights, atNodes);
            Interpolation.Nodes(pair.Keys, rank, nodes);
            for (int key = 0; key < pair.Keys && worst <= limit; key += Math.Max(pair.Keys / SampledKeys, 1))
            {
                Interpolation.Weights(nodes, pair.Keys, rank, key, weights);
                for (int row = 0; row < BoxChain.Rows; row++)
                {
                    double sum = 0, exact = c[pair.Direction * (nint)(key - Row(row, tokens))];
                    for (int q = 0; q < rank; q++) sum += weights[q] * atNodes[(row * rank) + q];
                    worst = Math.Max(worst, (Margin * Math.Abs(sum - exact)) - (relative * exact));
                }
            }
        }

        return worst;
    }

    /// <summary>The largest error beyond the relative one of all that lies between tokens and the nodes of a level's boxes; stops beyond the limit.</summary>
    public double Error(int level, BoxChain chain, double relative, double limit)
    {
        double worst = 0;
        int tokens = SmoothTails.LeafTokens << level, rank = chain.Rank(level);
        double[] rowWeights = [.. Enumerable.Range(0, BoxChain.Rows).SelectMany(row => chain.TokenWeights(level, Row(row, tokens)))], atNodes = new double[BoxChain.Rows * rank];
        int secondRow = Row(1, tokens), lastRow = Row(2, tokens);
        foreach (Pair pair in Pairs(level))
        {
            float* c = AtNodes(pair, tokens, rank, rowWeights, atNodes);
            nint direction = pair.Direction;
            chain.PassDown(level, pair.Keys, atNodes, 0, (key, first, second, last) =>
            {
                Look(first, c[direction * key]);
                Look(second, c[direction * (key - secondRow)]);
                Look(last, c[direction * (key - lastRow)]);
                return worst <= limit;
            });
        }

        return worst;

        void Look(double interpolated, double exact) => worst = Math.Max(worst, (Margin * Math.Abs(interpolated - exact)) - (relative * exact));
    }

    /// <summary>The rows that are looked at.</summary>
    private static int Row(int index, int tokens) => index switch { 0 => 0, 1 => (tokens / 2) + 1, _ => tokens - 1 };

    /// <summary>The interpolated coefficients between some rows and the nodes of the keys; returns the coefficient between the first row and the first key.</summary>
    private float* AtNodes(Pair pair, int tokens, int rank, double[] rowWeights, double[] atNodes)
    {
        int* rowNodes = stackalloc int[SmoothTails.MostRank], keyNodes = stackalloc int[SmoothTails.MostRank];
        Interpolation.Nodes(tokens, rank, rowNodes);
        Interpolation.Nodes(pair.Keys, rank, keyNodes);
        float* c = atCenter + (pair.Direction * (nint)((pair.Distance * tokens) - SmoothTails.Overhang));
        for (int row = 0; row < BoxChain.Rows; row++)
        {
            for (int q = 0; q < rank; q++)
            {
                double sum = 0;
                for (int p = 0; p < rank; p++) sum += rowWeights[(row * rank) + p] * c[pair.Direction * (nint)(keyNodes[q] - rowNodes[p])];
                atNodes[(row * rank) + q] = sum;
            }
        }

        return c;
    }

    /// <summary>Boxes two and three apart, on both sides, that have keys.</summary>
    private List<Pair> Pairs(int level)
    {
        int tokens = SmoothTails.LeafTokens << level;
        var pairs = new List<Pair>();
        for (int distance = 2; distance <= 3; distance++)
        {
            foreach (int direction in (int[])[-1, 1])
            {
                int keys = Math.Min(tokens, (direction < 0 ? left : right) - (distance * tokens) + SmoothTails.Overhang + 1);
                if (keys > 0) pairs.Add(new(distance, direction, keys));
            }
        }

        return pairs;
    }

    /// <summary>
    /// Rows Overhang … tokens + Overhang − 1 and keys from Distance·tokens on, mirrored for the left tail.
    /// </summary>
    private readonly record struct Pair(int Distance, int Direction, int Keys);
}
