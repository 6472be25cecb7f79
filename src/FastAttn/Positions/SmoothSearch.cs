namespace FastAttn.Positions;

/// <summary>
/// Finds from the numbers alone whether coefficients are smooth away from a centre, and how many nodes a box needs for an
/// allowance. Every offset that any level of boxes meets is looked at, so that a single coefficient out of line is seen.
/// </summary>
internal static unsafe class SmoothSearch
{
    /// <summary>
    /// Interpolation is compared with the coefficients in a few rows of each pair of boxes, which together meet every offset; rows
    /// between them are off by at most about the same, since the error is itself smooth. Twice the largest is stated.
    /// </summary>
    private const double Margin = 2;

    private static readonly int[] Ranks = [4, 6, 8, 10, 12, 14, 16];

    /// <summary>The smallest rank that keeps the allowance; null when none does, or when there are too few tokens for a far field.</summary>
    public static SmoothTails? Find(HeadPosition position, TailAllowance allowance)
    {
        int offsets = position.LastOffset - position.FirstOffset + 1;
        double relative = allowance.Relative, absolute = allowance.Absolute(position.Sum, offsets);
        foreach (int center in Centers(position))
        {
            if (Math.Max(position.LastOffset - center, center - position.FirstOffset) <= 3 * SmoothTails.LeafTokens) continue;
            foreach (int rank in Ranks)
            {
                double error = LargestError(position, center, rank, relative, absolute);
                if (error <= absolute) return new SmoothTails(center, rank, relative, error);
            }
        }

        return null;
    }

    /// <summary>Where positions usually begin: at offset zero, at the causal limit, at the largest coefficient.</summary>
    private static List<int> Centers(HeadPosition position)
    {
        var centers = new List<int>();
        int zero = Math.Clamp(0, position.FirstOffset, position.LastOffset), largest = zero;
        for (int t = position.FirstOffset; t <= position.LastOffset; t++)
        {
            if (position.Coefficients[t] > position.Coefficients[largest]) largest = t;
        }

        centers.Add(zero);
        if (position.LastNonZero < position.LastOffset && position.LastNonZero >= position.FirstOffset && position.LastNonZero != zero) centers.Add(position.LastNonZero);
        if (!centers.Contains(largest)) centers.Add(largest);
        return centers;
    }

    /// <summary>The largest error beyond the relative one over all levels and both sides; stops at the first beyond the limit.</summary>
    private static double LargestError(HeadPosition position, int center, int rank, double relative, double limit)
    {
        double worst = 0;
        for (int tokens = SmoothTails.LeafTokens; worst <= limit; tokens *= 2)
        {
            bool any = false;
            for (int distance = 2; distance <= 3; distance++)
            {
                foreach (int direction in (int[])[-1, 1])
                {
                    // Causal positions have nothing beyond their centre.
                    int reach = direction < 0 ? center - position.FirstOffset : position.LastNonZero <= center ? 0 : position.LastOffset - center;
                    int keys = Math.Min(tokens, reach - (distance * tokens) + SmoothTails.Overhang + 1);
                    if (keys < 1) continue;
                    any = true;
                    worst = Math.Max(worst, PairError(position.Coefficients + center, direction, tokens, distance, keys, rank, relative, limit));
                }
            }

            if (!any) break;
        }

        return worst;
    }

    /// <summary>
    /// One pair of boxes: rows Overhang … tokens + Overhang − 1 and keys from distance·tokens on, mirrored for the left tail.
    /// </summary>
    private static double PairError(float* atCenter, int direction, int tokens, int distance, int keys, int rank, double relative, double limit)
    {
        int* rowNodes = stackalloc int[rank], keyNodes = stackalloc int[rank];
        double* weights = stackalloc double[rank], row = stackalloc double[3 * rank];
        int* rows = stackalloc int[3] { 0, (tokens / 2) + 1, tokens - 1 };
        Interpolation.Nodes(tokens, rank, rowNodes);
        Interpolation.Nodes(keys, rank, keyNodes);
        float* c = atCenter;
        int start = (distance * tokens) - SmoothTails.Overhang;
        for (int r = 0; r < 3; r++)
        {
            Interpolation.Weights(rowNodes, tokens, rank, rows[r], weights);
            for (int q = 0; q < rank; q++)
            {
                double sum = 0;
                for (int p = 0; p < rank; p++) sum += weights[p] * c[(nint)direction * (start + keyNodes[q] - rowNodes[p])];
                row[(r * rank) + q] = sum;
            }
        }

        double worst = 0;
        for (int key = 0; key < keys && worst <= limit; key++)
        {
            Interpolation.Weights(keyNodes, keys, rank, key, weights);
            for (int r = 0; r < 3; r++)
            {
                double sum = 0, exact = c[(nint)direction * (start + key - rows[r])];
                for (int q = 0; q < rank; q++) sum += weights[q] * row[(r * rank) + q];
                worst = Math.Max(worst, (Margin * Math.Abs(sum - exact)) - (relative * exact));
            }
        }

        return worst;
    }
}
