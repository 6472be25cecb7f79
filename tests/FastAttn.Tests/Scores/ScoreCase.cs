using FastAttn.Tests.Attention;
using FastAttn.Tests.Infrastructure;
using FastAttn.Tests.Kernels;
using FastAttn.Tests.Positions;

namespace FastAttn.Tests.Scores;

/// <summary>A call of softmax or Gaussian attention as data, and its plain formula in float64.</summary>
/// <param name="Problem">Sizes, tensors, masks, causality, and a dense bias or a grid's.</param>
internal sealed record ScoreCase(AttentionProblem Problem)
{
    public bool IsGaussian { get; init; }

    /// <summary>Factor on q·k; default d^(−1/2).</summary>
    public float? Scale { get; init; }

    /// <summary>A position of some other kind, in place of the problem's bias.</summary>
    public KindReference? Kind { get; init; }

    public int? Threads { get; init; }

    private double Factor => Scale ?? 1 / Math.Sqrt(Problem.Shape.HeadDimension);

    /// <summary>Any shape, masks, positions and causality.</summary>
    public static ScoreCase Any(int seed, bool isGaussian, double deviation)
    {
        var numbers = new Numbers(seed);
        bool causal = numbers.Chance(0.4);
        int keys = numbers.Between(1, 150), keyHeads = numbers.Between(1, 2);
        var shape = new AttentionShape(keyHeads * numbers.Between(1, 3), numbers.Between(1, 150), numbers.Between(1, 40))
        {
            Batch = numbers.Between(1, 2),
            KeyHeads = keyHeads,
            KeyLength = keys,
            ValueDimension = numbers.Between(1, 40),
        };
        int? offset = causal && shape.QueryLength > keys ? numbers.Between(-20, 40) : numbers.Chance(0.3) ? numbers.Between(-50, 50) : null;
        AttentionProblem problem = AttentionProblem.Normal(shape, seed ^ 1, deviation).With(options => options with { Causal = causal, QueryOffset = offset });
        if (numbers.Chance(0.3)) problem = problem with { Lengths = [.. Enumerable.Range(0, shape.Batch).Select(_ => numbers.Between(0, keys))] };
        if (numbers.Chance(0.3))
            problem = problem with { KeyMask = [.. Enumerable.Range(0, keys * (numbers.Chance(0.5) ? 1 : shape.Batch)).Select(_ => numbers.Chance(0.7))] };
        var all = new ScoreCase(problem) { IsGaussian = isGaussian, Threads = numbers.Between(1, 3) };
        if (!isGaussian && numbers.Chance(0.3)) all = all with { Scale = 0.3f };
        switch (numbers.Between(0, 3))
        {
            case 1:
                problem = problem.WithNormalBias(2, seed ^ 2, numbers.Chance(0.5));
                for (int i = 0, step = numbers.Between(1, 5); i < problem.Bias!.Length && numbers.Chance(0.9); i += step) problem.Bias[i] = float.NegativeInfinity;
                return all with { Problem = problem };
            case 2:
                return all with { Kind = KindReference.Make(numbers.Pick(PositionKind.Clipped, PositionKind.T5, PositionKind.Alibi, PositionKind.KerpleLog), numbers.Chance(0.5) ? 1 : shape.Heads, numbers) };
            default:
                return all;
        }
    }

    public AttentionSystem Prepare()
    {
        (KernelizedAttentionOptions options, RelativePosition? position) = (Problem.Options, Kind?.Position ?? Problem.Position());
        return IsGaussian
            ? new GaussianAttention(Problem.Shape, new GaussianAttentionOptions { Causal = options.Causal, QueryOffset = options.QueryOffset, QueryOffsets = options.QueryOffsets, Threads = Threads }, position)
            : new SoftmaxAttention(Problem.Shape, new SoftmaxAttentionOptions { Causal = options.Causal, QueryOffset = options.QueryOffset, QueryOffsets = options.QueryOffsets, Threads = Threads, Scale = Scale }, position);
    }

    public float[] Run()
    {
        using AttentionSystem attention = Prepare();
        return Run(attention);
    }

    public float[] Run(AttentionSystem attention)
    {
        // Whatever stood in the destination must not matter.
        AttentionShape s = Problem.Shape;
        var output = new float[s.Batch * s.Heads * s.QueryLength * s.ValueDimension];
        output.AsSpan().Fill(float.NaN);
        attention.Forward(Problem.Query, Problem.Key, Problem.Value, output, Problem.KeyMask, Problem.Lengths);
        return output;
    }

    /// <summary>The library's rows are those of the formula, each within the bound that rounding sets.</summary>
    public float[] Holds(Func<int, bool>? rows = null)
    {
        float[] actual = Run();
        AttentionShape s = Problem.Shape;
        for (int row = 0; row < actual.Length / s.ValueDimension; row++)
        {
            if (rows is not null && !rows(row % s.QueryLength)) continue;
            (double[] expected, double bound) = Row(row / s.QueryLength / s.Heads, row / s.QueryLength % s.Heads, row % s.QueryLength);
            for (int c = 0; c < s.ValueDimension; c++)
            {
                float got = actual[(row * s.ValueDimension) + c];
                if (!(double.IsNaN(expected[c]) ? float.IsNaN(got) : Math.Abs(got - expected[c]) <= bound))
                    Assert.Fail($"row {row}, column {c} is {got:r}, expected {expected[c]:r} within {bound:e2}: {Problem}, {Kind?.Position.Kind}, offset {Problem.Options.QueryOffset}");
            }
        }

        return actual;
    }

    /// <summary>One row by the definition, and how far rounding may take it.</summary>
    public (double[] Row, double Bound) Row(int b, int h, int i)
    {
        AttentionShape s = Problem.Shape;
        int d = s.HeadDimension, query = (((b * s.Heads) + h) * s.QueryLength) + i, keys = ((b * s.KeyHeads) + (h / (s.Heads / s.KeyHeads))) * s.KeyLength;
        int[] visible = [.. Enumerable.Range(0, s.KeyLength).Where(j => Problem.IsVisible(b, h, i, j) && !double.IsNegativeInfinity(Bias(h, i, j)))];
        var sum = new double[s.ValueDimension];
        double[] scores = Array.ConvertAll(visible, j => Bias(h, i, j) + Score(query * d, (keys + j) * d));
        double shift = IsGaussian ? 0 : scores.DefaultIfEmpty().Max(), denominator = 0, magnitude = 0, error = 0;
        for (int t = 0; t < visible.Length; t++)
        {
            double weight = Math.Exp(scores[t] - shift);
            ReadOnlySpan<float> value = Problem.Value.AsSpan((keys + visible[t]) * s.ValueDimension, s.ValueDimension);
            for (int c = 0; c < sum.Length; c++) sum[c] += (float.IsFinite(value[c]) ? weight : double.NaN) * value[c];
            double largest = value.ToArray().Where(float.IsFinite).Select(v => Math.Abs((double)v)).DefaultIfEmpty().Max();
            denominator += weight;
            magnitude = Math.Max(magnitude, largest);
            error += weight * largest * ScoreError(query * d, (keys + visible[t]) * d, Bias(h, i, visible[t]));
        }

        bool poisoned = !Finite(Problem.Query, query * d) || visible.Any(j => !Finite(Problem.Key, (keys + j) * d));
        double divisor = IsGaussian || visible.Length == 0 ? 1 : denominator;
        for (int c = 0; c < sum.Length; c++) sum[c] = poisoned ? double.NaN : sum[c] / divisor;

        // What the scores' errors make of the sums, twice for the softmax's quotient; and n roundings of each sum; and what underflows.
        double shares = IsGaussian ? denominator : 1;
        return (sum, ((IsGaussian ? 1 : 2) * ((error / divisor) + (shares * magnitude * Rounding.Gamma(s.KeyLength + 8)))) + (1e-35 * magnitude * s.KeyLength));
    }

    private double Bias(int h, int i, int j) =>
        Kind is null ? Problem.BiasOf(h, i, j) : Kind.Bias(Kind.Position.Heads == 1 ? 0 : h, j - i - (Problem.Options.QueryOffset ?? (Problem.Options.Causal ? Problem.QueryOffset(0) : 0)));

    private double Score(int query, int key)
    {
        double sum = 0;
        for (int c = 0; c < Problem.Shape.HeadDimension; c++)
        {
            double x = Problem.Query[query + c], y = Problem.Key[key + c];
            sum += IsGaussian ? -0.5 * (x - y) * (x - y) : x * y;
        }

        return sum * Factor;
    }

    /// <summary>
    /// Softmax: d roundings of the products' magnitudes and a few of the rest, of the row's largest score too, which every weight is relative to.
    /// Gaussian: as <c>GaussianFrame</c> has it, for the largest query norm it takes (distances of others are exact to d roundings).
    /// </summary>
    private double ScoreError(int query, int key, double bias)
    {
        int d = Problem.Shape.HeadDimension;
        double products = 0, squares = 0;
        for (int c = 0; c < d; c++)
        {
            double x = Problem.Query[query + c], y = Problem.Key[key + c];
            products += Math.Abs(x * y);
            squares += (x - y) * (x - y);
        }

        double size = IsGaussian ? (4 * 1024) + squares : products + (8 * Math.Sqrt(d));
        return Rounding.Gamma((int)Math.Min((d + 10) * ((size * Factor) + 1 + (2 * Math.Abs(bias))), 1 << 23));
    }

    private bool Finite(float[] rows, int start) => rows.AsSpan(start, Problem.Shape.HeadDimension).ToArray().All(float.IsFinite);
}
