namespace FastAttn.Positions;

/// <summary>
/// Tails of coefficients that a position states as a sum of exponentials of the distance from its origin. Steep terms soon do not
/// count any more: where the tail may begin a little later without some of them, the band takes them and they need no state.
/// </summary>
internal static class StatedTails
{
    /// <summary>What rounding a coefficient to float32, and taking a power for its distance, leaves.</summary>
    private const double Rounding = 6e-8;

    /// <summary>The left tail; null where nothing is stated, no visible offset lies on that side of the origin, or causality ends it before the offsets do.</summary>
    public static Tail? Left(HeadPosition position, double relative)
    {
        int edge = Math.Min(position.Origin, position.LastVisible);
        return position.FirstVisible > position.FirstOffset ? null : Of(position, edge, -1, (long)edge - position.FirstOffset + 1, relative);
    }

    /// <summary>The right tail, likewise.</summary>
    public static Tail? Right(HeadPosition position, double relative)
    {
        int edge = Math.Max(position.Origin + 1, position.FirstVisible);
        return position.LastVisible < position.LastOffset ? null : Of(position, edge, 1, (long)position.LastOffset - edge + 1, relative);
    }

    private static Tail? Of(HeadPosition position, int edge, int direction, long length, double relative)
    {
        if (position.ExponentialTerms is not { } stated || length < 1) return null;
        ExponentialTerm[] terms = [.. stated.OrderByDescending(term => term.Rate)];
        long distance = Math.Abs((long)edge - position.Origin), start = distance;
        (int dropped, long from, double least) = (0, start, TailSearch.WorthOfExponential * (double)terms.Length);
        for (int count = 1; count < terms.Length; count++)
        {
            distance = Vanish(terms, count, distance, start + length, relative - Rounding);
            double cost = distance - start + (TailSearch.WorthOfExponential * (double)(terms.Length - count));
            if (distance == start + length || cost >= least) continue;
            (dropped, from, least) = (count, distance, cost);
        }

        TailTerm[] kept = [.. terms[dropped..].Select(term => new TailTerm(term.At(from), Math.Exp(-term.Rate)))];
        return new Tail(
            edge + (direction * (int)(from - start)), (int)(length - (from - start)), kept, Share(terms, dropped, from) + Rounding, float.Epsilon);
    }

    /// <summary>The first distance, at most <paramref name="end"/>, from which on the steepest terms are within the allowance. Their share of the sum only falls.</summary>
    private static long Vanish(ExponentialTerm[] terms, int count, long start, long end, double allowed)
    {
        while (start < end)
        {
            long middle = start + ((end - start) / 2);
            if (Share(terms, count, middle) <= allowed) end = middle;
            else start = middle + 1;
        }

        return end;
    }

    /// <summary>What the steepest terms have of the sum at a distance; relative to the slowest term, which never underflows alone.</summary>
    private static double Share(ExponentialTerm[] terms, int count, long distance)
    {
        ExponentialTerm slowest = terms[^1];
        double part = 0, all = 0;
        for (int index = 0; index < terms.Length; index++)
        {
            double value = Math.Exp(terms[index].LogWeight - slowest.LogWeight - ((terms[index].Rate - slowest.Rate) * distance));
            all += value;
            if (index < count) part += value;
        }

        return all < double.PositiveInfinity ? part / all : 1;
    }
}
