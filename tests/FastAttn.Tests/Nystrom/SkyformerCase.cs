using FastAttn.Features;
using FastAttn.Heads;
using FastAttn.Kernels;
using FastAttn.Methods;
using FastAttn.Nystrom;
using FastAttn.Tensors;
using FastAttn.Tests.Attention;
using FastAttn.Tests.Kernels;

namespace FastAttn.Tests.Nystrom;

/// <summary>A call of Skyformer as data, and its formula in float64 with matrices as they stand.</summary>
/// <param name="Problem">Sizes, tensors, mask and lengths.</param>
/// <param name="Options">The choices.</param>
internal sealed record SkyformerCase(AttentionProblem Problem, SkyformerOptions Options)
{
    public float[] Run()
    {
        using var attention = new SkyformerAttention(Problem.Shape, Options);
        return Run(attention);
    }

    public float[] Run(SkyformerAttention attention)
    {
        // Whatever stood in the destination must not matter.
        AttentionShape s = Problem.Shape;
        var output = new float[s.Batch * s.Heads * s.QueryLength * s.ValueDimension];
        output.AsSpan().Fill(float.NaN);
        attention.Forward(Problem.Query, Problem.Key, Problem.Value, output, Problem.KeyMask, Problem.Lengths);
        return output;
    }

    /// <summary>The library's rows are those of the formula, each within the bound that rounding sets; returns the worst share of it.</summary>
    public double Holds()
    {
        float[] actual = Run();
        AttentionShape s = Problem.Shape;
        double worst = 0;
        for (int head = 0; head < s.Batch * s.Heads; head++)
        {
            (double[][] expected, double[] bounds) = Head(head / s.Heads, head % s.Heads);
            for (int i = 0; i < s.QueryLength; i++)
            {
                for (int c = 0; c < s.ValueDimension; c++)
                {
                    float got = actual[(((head * s.QueryLength) + i) * s.ValueDimension) + c];
                    if (!(Math.Abs(got - expected[i][c]) <= bounds[i]))
                        Assert.Fail($"head {head}, row {i}, column {c} is {got:r}, expected {expected[i][c]:r} within {bounds[i]:e2}: {Problem}, {Options}");
                    worst = Math.Max(worst, Math.Abs(got - expected[i][c]) / bounds[i]);
                }
            }
        }

        return worst;
    }

    /// <summary>The rows of [Q; K] that are landmarks of a head, as the library chooses them.</summary>
    public unsafe int[] Landmarks(int b, int h)
    {
        AttentionShape s = Problem.Shape;
        int d = s.HeadDimension, rows = s.QueryLength + s.KeyLength;
        var choice = new LandmarkChoice(Options.Sampling == LandmarkSampling.Replacement ? Options.Landmarks : Math.Min(Options.Landmarks, rows), Options.LandmarkIndices?.ToArray(), Options.Sampling, Options.Seed);
        int[] chosen = new int[choice.Room(rows)];
        bool[] mask = [.. Enumerable.Range(0, s.KeyLength).Select(j => Problem.IsVisible(b, h, 0, j))];
        fixed (float* q = Problem.Query, k = Problem.Key)
        fixed (bool* kept = mask)
        fixed (int* result = chosen)
        {
            var call = new HeadCall
            {
                Head = h,
                Query = new RowSource((nint)(q + (((b * s.Heads) + h) * s.QueryLength * d)), d, s.QueryLength, d),
                Key = new RowSource((nint)(k + (((b * s.KeyHeads) + (h / (s.Heads / s.KeyHeads))) * s.KeyLength * d)), d, s.KeyLength, d),
                KeyMask = kept,
                KeptKeys = s.KeyLength,
            };
            return chosen[..choice.Choose<PortableKernels>(call, result)];
        }
    }

    private (double[][] Rows, double[] Bounds) Head(int b, int h)
    {
        AttentionShape s = Problem.Shape;
        int d = s.HeadDimension, keyHead = (b * s.KeyHeads) + (h / (s.Heads / s.KeyHeads));
        double[][] q = Rows(Problem.Query, (b * s.Heads) + h, s.QueryLength, d), k = Rows(Problem.Key, keyHead, s.KeyLength, d);
        double[][] v = Rows(Problem.Value, keyHead, s.KeyLength, s.ValueDimension);
        double[][] l = [.. Landmarks(b, h).Select(row => row < s.QueryLength ? q[row] : k[row - s.QueryLength])];
        int[] kept = [.. Enumerable.Range(0, s.KeyLength).Where(j => Problem.IsVisible(b, h, 0, j))];
        k = [.. kept.Select(j => k[j])];
        v = [.. kept.Select(j => v[j])];

        double[][] queries = Kernel(q, l), sums = Dense.Product(Kernel(l, k), v, s.ValueDimension), matrix = Kernel(l, l);
        for (int a = 0; a < l.Length; a++) matrix[a][a] += Options.Gamma;
        double[][] inverse = Options.Inverse == SkyformerInverse.Schulz ? Dense.Schulz(matrix) : Dense.Inverse(matrix);
        double[][] factors = Dense.Product(queries, inverse, l.Length), solved = Dense.Product(inverse, sums, s.ValueDimension);

        // Weights of both products carry the error of Gaussian scores, sums their roundings; α = κ(q, L)·inverse carries those of the sums over keys on.
        double norms = q.Concat(k).Select(x => x.Sum(y => y * y)).DefaultIfEmpty().Max();
        double error = Rounding.Gamma((int)(((d + 10) * ((4 * norms / Math.Sqrt(d)) + 40)) + s.KeyLength + l.Length));
        double[] largest = [.. Dense.Product(Kernel(l, k), Absolute(v), s.ValueDimension).Select(row => row.DefaultIfEmpty().Max())];
        double[] largestSolved = [.. solved.Select(row => row.Select(Math.Abs).DefaultIfEmpty().Max())];
        return (
            Dense.Product(queries, solved, s.ValueDimension),
            [.. q.Select((_, i) => 1e-30 + (error * Enumerable.Range(0, l.Length).Sum(a => (Math.Abs(factors[i][a]) * largest[a]) + (queries[i][a] * largestSolved[a]))))]);
    }

    public static double[][] Kernel(double[][] x, double[][] y) =>
        Array.ConvertAll(x, a => Array.ConvertAll(y, c => Math.Exp(-a.Zip(c, (p, r) => (p - r) * (p - r)).Sum() / (2 * Math.Sqrt(a.Length)))));

    public static double[][] Rows(float[] data, int block, int rows, int columns) =>
        [.. Enumerable.Range(0, rows).Select(row => Array.ConvertAll(data[(((block * rows) + row) * columns)..(((block * rows) + row + 1) * columns)], x => (double)x))];

    private static double[][] Absolute(double[][] rows) => Array.ConvertAll(rows, row => Array.ConvertAll(row, Math.Abs));
}
