using FastAttn.Threading;

namespace FastAttn.Positions;

/// <summary>
/// Finds from the numbers alone whether coefficients are smooth away from a centre, and how many nodes the boxes of each level
/// need for an allowance. Every offset that any level of boxes meets is looked at, so that a single coefficient out of line is seen.
/// </summary>
internal static unsafe class SmoothSearch
{
    private const int LowestRank = 4;

    /// <summary>
    /// Fewer nodes pass on exactly what more nodes of smaller boxes hold. A level with more than smaller boxes have is given this part
    /// of the allowance by itself, so that both errors together mostly keep it.
    /// </summary>
    private const double ShareOfHigherRank = 0.5;

    /// <summary>
    /// What is used of the absolute allowance, and what of it for coefficients that are neglected altogether: rows that see one side
    /// only, the steeper one, have a smaller sum than the allowance is made for.
    /// </summary>
    private const double AbsoluteShare = 0.5, NeglectedShare = 0.125;

    /// <summary>The smallest ranks that keep the allowance; null when none do, or when there are too few tokens for a far field.</summary>
    public static SmoothTails? Find(HeadPosition position, TailAllowance allowance)
    {
        int offsets = position.LastOffset - position.FirstOffset + 1;
        double relative = allowance.Relative, absolute = allowance.Absolute(position.Sum, offsets);
        foreach (int center in Centers(position))
        {
            // Causal positions have nothing beyond their centre.
            int left = position.FirstNonZero >= center ? 0 : center - position.FirstOffset, right = position.LastNonZero <= center ? 0 : position.LastOffset - center;
            if (Math.Max(position.LastOffset - center, center - position.FirstOffset) <= 3 * SmoothTails.LeafTokens) continue;
            var pairs = new BoxPairs(position.Coefficients + center, left, right);
            (int levels, double neglected) = Levels(position, center, NeglectedShare * absolute);
            if (Ranks(pairs, levels, relative, (AbsoluteShare * absolute) - neglected) is (int[] ranks, double error)) return new SmoothTails(center, ranks, relative, error + neglected);
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
        if (position.FirstNonZero > position.FirstOffset && position.FirstNonZero <= position.LastOffset && !centers.Contains(position.FirstNonZero)) centers.Add(position.FirstNonZero);
        if (!centers.Contains(largest)) centers.Add(largest);
        return centers;
    }

    /// <summary>How many levels of boxes meet anything but coefficients that may be neglected, at least one, and the largest that are.</summary>
    private static (int Levels, double Neglected) Levels(HeadPosition position, int center, double limit)
    {
        double largest = 0;
        int distance = Math.Max(position.LastOffset - center, center - position.FirstOffset);
        while (distance >= BoxPairs.Nearest(0))
        {
            double next = Math.Max(At(center - distance), At(center + distance));
            if (Math.Max(largest, next) > limit) break;
            largest = Math.Max(largest, next);
            distance--;
        }

        // What larger boxes would meet lies beyond this distance.
        int levels = 1;
        while (BoxPairs.Nearest(levels) <= distance) levels++;
        return (levels, largest);

        double At(int t) => t >= position.FirstOffset && t <= position.LastOffset ? position.Coefficients[t] : 0;
    }

    /// <summary>The smallest ranks found, and the largest error beyond the relative one.</summary>
    private static (int[] Ranks, double Error)? Ranks(BoxPairs pairs, int levels, double relative, double limit)
    {
        int[] ranks = new int[levels];
        for (int level = 0; level < levels; level++)
        {
            // Boxes that no pair can be looked at of, because only few tokens are so far apart, are as the next smaller ones.
            ranks[level] = level > 0 && !pairs.Any(level) ? ranks[level - 1] : LowestRank;
            while (!Suffices(level))
            {
                if (++ranks[level] > SmoothTails.MostRank) return null;
            }
        }

        // Smaller boxes' nodes stand between tokens and larger ones': if all together err too much, the smaller ones may be the reason.
        while (true)
        {
            CallWatch.Look();
            double worst = 0;
            int level = 0;
            for (var chain = new BoxChain(ranks); level < levels && worst <= limit; level++) worst = Math.Max(worst, pairs.Error(level, chain, relative, limit));
            if (worst <= limit) return (ranks, worst);
            int highest = ranks[level - 1];
            bool raised = false;
            for (int smaller = 0; smaller < level - 1; smaller++)
            {
                if (ranks[smaller] >= highest) continue;
                ranks[smaller]++;
                raised = true;
            }

            if (!raised && ++ranks[level - 1] > SmoothTails.MostRank) return null;
        }

        bool Suffices(int level)
        {
            CallWatch.Look();
            double share = ranks.AsSpan(0, level).ContainsAnyExceptInRange(ranks[level], SmoothTails.MostRank) ? ShareOfHigherRank : 1;
            return pairs.ErrorAlone(level, ranks[level], share * relative, share * limit) <= share * limit;
        }
    }
}
