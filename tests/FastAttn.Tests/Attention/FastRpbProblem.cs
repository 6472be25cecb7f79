using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>One FastRPB call as data: everything that goes in, so that the library and the reference get the same.</summary>
/// <param name="Shape">B, H, H_k, d_v and all rows, special tokens included.</param>
/// <param name="Weights"><c>[heads, 2n − 1]</c> or <c>[heads, n]</c>; of the vertical axis on a grid.</param>
/// <param name="Value"><c>[B, H_k, rows, d_v]</c>.</param>
internal sealed record FastRpbProblem(AttentionShape Shape, FastRpbOptions Options, float[] Weights, float[] Value)
{
    /// <summary>Width of the grid and the weights of its horizontal axis, or null for a sequence.</summary>
    public (int Width, float[] Weights)? Horizontal { get; init; }

    /// <summary><c>[rows]</c> or <c>[B, rows]</c>, or null.</summary>
    public bool[]? KeyMask { get; init; }

    /// <summary><c>[B]</c>, or null.</summary>
    public int[]? Lengths { get; init; }

    public int Rows => Shape.KeyLength;

    public int Length => Rows - Options.Prefix - Options.Suffix;

    public static FastRpbProblem Sequence(int length, int columns, int seed, FastRpbOptions? options = null, int heads = 1, int keyHeads = 1, int batch = 1)
    {
        options ??= new FastRpbOptions();
        var numbers = new Numbers(seed);
        int rows = options.Prefix + length + options.Suffix;
        var shape = new AttentionShape(heads, rows, 1) { Batch = batch, KeyHeads = keyHeads, ValueDimension = columns };
        return new FastRpbProblem(shape, options, WeightsOf(numbers, options, length), numbers.Normals((long)batch * keyHeads * rows * columns));
    }

    public static FastRpbProblem Grid(int height, int width, int columns, int seed, FastRpbOptions? options = null, int heads = 1, int keyHeads = 1, int batch = 1)
    {
        FastRpbProblem sequence = Sequence(height * width, columns, seed, options, heads, keyHeads, batch);
        var numbers = new Numbers(seed + 1);
        return sequence with { Weights = WeightsOf(numbers, sequence.Options, height), Horizontal = (width, WeightsOf(numbers, sequence.Options, width)) };
    }

    public static FastRpbProblem Random(int seed)
    {
        var numbers = new Numbers(seed);
        bool isGrid = numbers.Chance(0.4);
        int keyHeads = numbers.Between(1, 2), heads = keyHeads * numbers.Between(1, 3), batch = numbers.Between(1, 2), columns = numbers.Pick(1, 2, 3, 17, 33);
        var options = new FastRpbOptions
        {
            Heads = numbers.Pick(1, heads),
            Symmetric = numbers.Chance(0.5),
            Causal = !isGrid && numbers.Chance(0.5),
            Prefix = numbers.Pick(0, 0, 1, 3),
            Suffix = numbers.Pick(0, 0, 1, 2),
        };
        FastRpbProblem problem = isGrid
            ? Grid(numbers.Between(1, 12), numbers.Between(1, 12), columns, seed, options, heads, keyHeads, batch)
            : Sequence(numbers.Between(1, 100), columns, seed, options, heads, keyHeads, batch);
        return problem with
        {
            KeyMask = numbers.Pick(0, problem.Rows, batch * problem.Rows) is int count and > 0 ? [.. Enumerable.Range(0, count).Select(_ => numbers.Chance(0.7))] : null,
            Lengths = numbers.Chance(0.4) ? [.. Enumerable.Range(0, batch).Select(_ => numbers.Between(0, problem.Rows))] : null,
        };
    }

    public FastRpb Prepare() => Horizontal is var (width, weights)
        ? FastRpb.Grid(Weights, weights, Length / width, width, Options)
        : new FastRpb(Weights, Length, Options);

    /// <summary>W V written over, or added to, what <paramref name="before"/> holds.</summary>
    public float[] Run(float[] before, bool adds, int threads = 2)
    {
        var output = (float[])before.Clone();
        FastRpb rpb = Prepare();
        if (adds) rpb.AddTo(Shape, Value, output, KeyMask, Lengths, threads);
        else rpb.Forward(Shape, Value, output, KeyMask, Lengths, threads);
        return output;
    }

    /// <summary>Room for the output, all of it NaN: whatever stood there must not matter.</summary>
    public float[] Nothing()
    {
        var output = new float[(long)Shape.Batch * Shape.Heads * Rows * Shape.ValueDimension];
        output.AsSpan().Fill(float.NaN);
        return output;
    }

    /// <summary>The weights of row i for row j in float64: one along each axis, zero where nothing is taken.</summary>
    public (double Vertical, double Horizontal) Weight(int b, int h, int i, int j)
    {
        (i, j) = (i - Options.Prefix, j - Options.Prefix);
        if (Math.Min(i, j) < 0 || Math.Max(i, j) >= Length || !Counts(b, j + Options.Prefix)) return (0, 0);
        if (Horizontal is not var (width, weights)) return (Options.Causal && j > i ? 0 : Entry(Weights, h, i - j, Length), 0);
        return (Entry(Weights, h, (i / width) - (j / width), Length / width), Entry(weights, h, (i % width) - (j % width), width));
    }

    /// <summary>Whether the value of row j takes part.</summary>
    public bool Counts(int b, int j) =>
        (KeyMask is null || KeyMask[((KeyMask.Length == Rows ? 0 : b) * Rows) + j]) && (Lengths is null || j < Lengths[b]);

    /// <summary>v_j of head h's own values.</summary>
    public float ValueOf(int b, int h, int j, int column) =>
        Value[((((long)b * Shape.KeyHeads) + (h / (Shape.Heads / Shape.KeyHeads))) * Rows + j) * Shape.ValueDimension + column];

    /// <summary>‖w‖₂ of one head's weights of an axis, each counted as often as it stands in the vector of offsets.</summary>
    public double Norm(float[] weights, int h)
    {
        int each = weights.Length / Options.Heads, first = (Options.Heads == 1 ? 0 : h) * each;
        double squares = weights.Skip(first).Take(each).Sum(w => (double)w * w);
        return Math.Sqrt(Options.Symmetric ? (2 * squares) - ((double)weights[first] * weights[first]) : squares);
    }

    private double Entry(float[] weights, int h, int offset, int length)
    {
        int each = Options.Symmetric ? length : (2 * length) - 1;
        return weights[((Options.Heads == 1 ? 0 : h) * each) + (Options.Symmetric ? Math.Abs(offset) : offset + length - 1)];
    }

    private static float[] WeightsOf(Numbers numbers, FastRpbOptions options, int length) =>
        numbers.Normals((long)options.Heads * (options.Symmetric ? length : (2 * length) - 1));
}
