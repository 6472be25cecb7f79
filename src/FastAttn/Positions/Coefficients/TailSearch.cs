using FastAttn.Threading;

namespace FastAttn.Positions;

/// <summary>
/// Finds tails in the numbers alone: the longest stretch from one end of the offsets over which coefficients are negligible,
/// constant, or one exponential, within an allowance. It assumes nothing about where a bias came from: learned noise has no tail.
/// </summary>
/// <remarks>O(n) for flat tails, O(n log n) for exponential ones.</remarks>
internal static unsafe class TailSearch
{
    /// <summary>A constant that leaves less of a band than zeros by fewer offsets than this is not worth its state.</summary>
    public const int WorthOfConstant = 16;

    /// <summary>An exponential that leaves less of a band than a flat tail by fewer offsets than this is not worth its weights.</summary>
    public const int WorthOfExponential = 48;

    /// <summary>Fewer equal coefficients than this are a coincidence.</summary>
    private const int ShortestConstant = 8;

    /// <summary>Fewer coefficients than this on a straight line of logarithms are a coincidence.</summary>
    private const int ShortestExponential = 16;

    /// <summary>Flat tails of both sides: negligible or constant.</summary>
    public static CoefficientTails Flat(HeadPosition position, TailAllowance allowance) => Search(position, allowance, Flat);

    /// <summary>Tails of both sides that may also be exponential.</summary>
    public static CoefficientTails Decaying(HeadPosition position, TailAllowance allowance)
    {
        if (position.ExponentialTerms is null) return Search(position, allowance, Decaying);

        // What is stated needs no search, but a flat tail may be the better one of a side, as long as the two do not overlap.
        CoefficientTails best = Flat(position, allowance);
        Tail?[] lefts = [best.Left, StatedTails.Left(position, allowance.Relative), None(position.FirstOffset - 1)];
        Tail?[] rights = [best.Right, StatedTails.Right(position, allowance.Relative), None(position.LastOffset + 1)];
        foreach (Tail? left in lefts)
        {
            foreach (Tail? right in rights)
            {
                if (left is null || right is null || left.Edge >= right.Edge) continue;
                var tails = new CoefficientTails(left, right);
                if (Cost(tails) < Cost(best)) best = tails;
            }
        }

        return best;
    }

    private static Tail None(int edge) => new(edge, 0, [], 0, 0);

    /// <summary>Offsets of the band, and those that states are worth.</summary>
    private static int Cost(CoefficientTails tails) =>
        tails.BandLength + tails.Left.Terms.Concat(tails.Right.Terms).Sum(term => term.Ratio == 1 ? WorthOfConstant : WorthOfExponential);

    private static CoefficientTails Search(HeadPosition position, TailAllowance allowance, Func<Stretch, Limits, Tail> oneSide)
    {
        int offsets = position.LastOffset - position.FirstOffset + 1;
        var limits = new Limits(allowance.Relative, allowance.Absolute(position.Sum, offsets));
        Tail left = oneSide(new Stretch(position, position.FirstOffset, 1, offsets), limits);
        Tail right = oneSide(new Stretch(position, position.LastOffset, -1, offsets - left.Length), limits);
        return new CoefficientTails(left, right);
    }

    private static Tail Decaying(Stretch c, Limits limits)
    {
        Tail flat = Flat(c, limits);
        return Exponential(c, limits) is Tail curved && curved.Length >= flat.Length + WorthOfExponential ? curved : flat;
    }

    private static Tail Flat(Stretch c, Limits limits)
    {
        int negligible = 0;
        double largest = 0;
        for (; negligible < c.Count && c[negligible] <= limits.Absolute; negligible++) largest = Math.Max(largest, c[negligible]);
        return Constant(c, limits) is Tail constant && constant.Length >= negligible + (negligible > 0 ? WorthOfConstant : 0)
            ? constant
            : new Tail(c.Offset(negligible - 1), negligible, [], 0, largest);
    }

    /// <summary>Some value lies within every coefficient's allowance as long as the largest lower limit is below the smallest upper one.</summary>
    private static Tail? Constant(Stretch c, Limits limits)
    {
        double low = double.NegativeInfinity, high = double.PositiveInfinity, smallest = high, largest = low;
        int length = 0;
        for (; length < c.Count; length++)
        {
            double value = c[length], allowed = limits.Of(value);
            if (Math.Max(low, value - allowed) > Math.Min(high, value + allowed)) break;
            low = Math.Max(low, value - allowed);
            high = Math.Min(high, value + allowed);
            smallest = Math.Min(smallest, value);
            largest = Math.Max(largest, value);
        }

        if (length < ShortestConstant) return null;
        double middle = smallest == largest ? smallest : Math.Clamp((smallest + largest) / 2, low, high);
        return middle > 0 ? Measured(c, limits, length, new TailTerm(middle, 1)) : null;
    }

    /// <summary>
    /// One exponential is a straight line through the logarithms. The line is fitted to the coefficients that count, from the
    /// farthest of them inwards, by least squares; it holds over more of them until some coefficient leaves its allowance.
    /// </summary>
    private static Tail? Exponential(Stretch c, Limits limits)
    {
        int first = 0;
        while (first < c.Count && !(c[first] > Math.Max(limits.Absolute, SmallestNormal))) first++;
        if (c.Count - first < ShortestExponential) return null;
        int good = first + ShortestExponential, bad = c.Count + 1;
        if (!new LogarithmFit(c.Before(good), first).Holds(good, limits)) return null;
        var fit = new LogarithmFit(c, first);
        for (int step = ShortestExponential; good < c.Count; step *= 2)
        {
            CallWatch.Look();
            int next = Math.Min(good + step, c.Count);
            if (!fit.Holds(next, limits))
            {
                bad = next;
                break;
            }

            good = next;
        }

        while (bad - good > 1 && bad <= c.Count)
        {
            CallWatch.Look();
            int middle = good + ((bad - good) / 2);
            if (fit.Holds(middle, limits)) good = middle;
            else bad = middle;
        }

        (double slope, double level) = fit.Line(good);

        // Away from the band an exponential falls; one that grows has no state that stays in range.
        if (slope < 0) return null;
        Tail tail = Measured(c, limits, good, new TailTerm(Math.Exp(level + (slope * (good - 1))), Math.Exp(-slope)));
        return tail.AbsoluteError <= 2 * limits.Absolute ? tail : null;
    }

    /// <summary>The tail with the errors it really has.</summary>
    private static Tail Measured(Stretch c, Limits limits, int length, TailTerm term)
    {
        double relative = 0, absolute = 0, model = term.Weight;
        for (int k = length - 1; k >= 0; k--, model *= term.Ratio)
        {
            double value = c[k], error = Math.Abs(value - model);
            if (value > 0 && error <= limits.Relative * value) relative = Math.Max(relative, error / value);
            else absolute = Math.Max(absolute, error - (limits.Relative * value));
        }

        return new Tail(c.Offset(length - 1), length, [term], absolute > 0 ? limits.Relative : relative, absolute);
    }

    private const double SmallestNormal = 1.17549435e-38;

    /// <summary>What a coefficient may be off by.</summary>
    private readonly record struct Limits(double Relative, double Absolute)
    {
        public double Of(double value) => (Relative * value) + Absolute;
    }

    /// <summary>Coefficients counted from one end of the offsets inwards.</summary>
    private readonly struct Stretch(HeadPosition position, int end, int step, int count)
    {
        private readonly float* _end = position.Coefficients + end;

        public int Count => count;

        public double this[int index] => _end[(nint)step * index];

        /// <summary>The part before an index.</summary>
        public Stretch Before(int index) => new(position, end, step, index);

        public int Offset(int index) => end + (step * index);
    }

    /// <summary>Least squares lines through ln c from a first index on, by prefix sums.</summary>
    private sealed class LogarithmFit
    {
        private readonly Stretch _c;
        private readonly int _first;
        private readonly double[] _logarithms;
        private readonly double[] _sums;
        private readonly double[] _moments;

        public LogarithmFit(Stretch c, int first)
        {
            (_c, _first) = (c, first);
            int count = c.Count - first;
            _logarithms = new double[count];
            _sums = new double[count + 1];
            _moments = new double[count + 1];
            for (int x = 0; x < count; x++)
            {
                _logarithms[x] = Math.Log(c[first + x]);
                _sums[x + 1] = _sums[x] + _logarithms[x];
                _moments[x + 1] = _moments[x] + (_logarithms[x] * x);
            }
        }

        /// <summary>ln c ≈ level + slope·index over indices below <paramref name="end"/>.</summary>
        public (double Slope, double Level) Line(int end)
        {
            double n = end - _first, mean = (n - 1) / 2, spread = n * ((n * n) - 1) / 12;
            double slope = (_moments[end - _first] - (mean * _sums[end - _first])) / spread;
            return (slope, (_sums[end - _first] / n) - (slope * (mean + _first)));
        }

        /// <summary>Whether the line over indices below <paramref name="end"/> keeps every coefficient's allowance, to first order.</summary>
        public bool Holds(int end, Limits limits)
        {
            (double slope, double level) = Line(end);
            if (!double.IsFinite(slope) || !double.IsFinite(level)) return false;
            for (int index = _first; index < end; index++)
            {
                double c = _c[index];
                if (!(Math.Abs(level + (slope * index) - _logarithms[index - _first]) * c <= limits.Of(c))) return false;
            }

            return true;
        }
    }
}
