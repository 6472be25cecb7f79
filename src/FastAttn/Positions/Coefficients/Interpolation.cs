namespace FastAttn.Positions;

/// <summary>
/// Polynomial interpolation over consecutive tokens, at tokens themselves: nodes are whole numbers near the Chebyshev points, so
/// that coefficients between nodes of two boxes are entries of c and nothing but c is ever evaluated (Fong and Darve 2009).
/// </summary>
internal static unsafe class Interpolation
{
    /// <summary>
    /// Nodes 0 … length−1 of a box, the first and last token among them, in rising order. A box of no more tokens than nodes has
    /// every token once; nodes beyond them repeat the last one and have no share in anything.
    /// </summary>
    public static void Nodes(int length, int rank, int* nodes)
    {
        double half = (length - 1) / 2.0, widest = Math.Cos(Math.PI / (2 * rank));
        for (int p = 0; p < rank; p++)
            nodes[p] = length <= rank ? Math.Min(p, length - 1) : (int)Math.Round(half * (1 - (Math.Cos(Math.PI * (p + 0.5) / rank) / widest)));
        if (length <= rank) return;
        for (int p = 1; p < rank; p++) nodes[p] = Math.Max(nodes[p], nodes[p - 1] + 1);
        nodes[rank - 1] = length - 1;
        for (int p = rank - 2; p >= 0; p--) nodes[p] = Math.Min(nodes[p], nodes[p + 1] - 1);
    }

    /// <summary>What each node's value weighs at token <paramref name="x"/>: the Lagrange polynomials of the nodes in use.</summary>
    public static void Weights(int* nodes, int length, int rank, double x, double* weights)
    {
        int used = Math.Min(rank, length);
        for (int p = 0; p < rank; p++)
        {
            if (p >= used)
            {
                weights[p] = 0;
                continue;
            }

            double weight = 1;
            for (int q = 0; q < used; q++)
            {
                if (q != p) weight *= (x - nodes[q]) / (nodes[p] - nodes[q]);
            }

            weights[p] = weight;
        }
    }
}
