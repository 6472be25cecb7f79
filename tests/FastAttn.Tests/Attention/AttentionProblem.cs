using System.Globalization;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>One attention call as data: everything that goes in, so that the library and the reference get the same.</summary>
internal sealed record AttentionProblem(AttentionShape Shape, float[] Query, float[] Key, float[] Value)
{
    public KernelizedAttentionOptions Options { get; init; } = new();

    /// <summary><c>[1 or H, Offsets]</c>, or null for none.</summary>
    public float[]? Bias { get; init; }

    /// <summary>Height and width of the grid that <see cref="Bias"/> is for, or null for a sequence.</summary>
    public (int Height, int Width)? Grid { get; init; }

    /// <summary>Special tokens beside the grid, the same for all heads or not, or null for none.</summary>
    public SpecialTokens? Special { get; init; }

    /// <summary><c>[n_k]</c> or <c>[B, n_k]</c>, or null.</summary>
    public bool[]? KeyMask { get; init; }

    /// <summary><c>[B]</c>, or null.</summary>
    public int[]? Lengths { get; init; }

    public int Offsets => Grid is var (height, width) ? ((2 * height) - 1) * ((2 * width) - 1) : Shape.QueryLength + Shape.KeyLength - 1;

    public int BiasHeads => Bias is null ? 1 : Bias.Length / Offsets;

    /// <summary>Position of query 0 of a sequence among the keys.</summary>
    public int QueryOffset(int sequence) => Options.QueryOffsets?[sequence] ?? Options.QueryOffset ?? Shape.KeyLength - Shape.QueryLength;

    /// <summary>Standard normal query, key and value.</summary>
    public static AttentionProblem Normal(AttentionShape shape, int seed, double deviation = 1)
    {
        var numbers = new Numbers(seed);
        return new AttentionProblem(
            shape,
            numbers.Normals((long)shape.Batch * shape.Heads * shape.QueryLength * shape.HeadDimension, deviation),
            numbers.Normals((long)shape.Batch * shape.KeyHeads * shape.KeyLength * shape.HeadDimension, deviation),
            numbers.Normals((long)shape.Batch * shape.KeyHeads * shape.KeyLength * shape.ValueDimension));
    }

    /// <summary>The same problem with a bias b ~ N(0, deviation²), one a head or one for all.</summary>
    public AttentionProblem WithNormalBias(double deviation, int seed, bool perHead = false) =>
        this with { Bias = new Numbers(seed).Normals((long)(perHead ? Shape.Heads : 1) * Offsets, deviation) };

    /// <summary>The same problem with the bias <paramref name="b"/> gives for each t = j − i, the same for all heads.</summary>
    public AttentionProblem WithBias(Func<int, double> b) =>
        this with { Bias = [.. Enumerable.Range(0, Offsets).Select(index => (float)b(index - (Shape.QueryLength - 1)))] };

    /// <summary>A grid of standard normal tokens with the bias <paramref name="b"/> gives for each (Δy, Δx), the same for all heads.</summary>
    public static AttentionProblem OnGrid(int height, int width, Func<int, int, double> b, int seed, int heads = 1, int dimension = 4) =>
        Normal(new AttentionShape(heads, height * width, dimension) { ValueDimension = dimension + 1 }, seed) with
        {
            Grid = (height, width),
            Bias =
            [
                .. from dy in Enumerable.Range(1 - height, (2 * height) - 1)
                   from dx in Enumerable.Range(1 - width, (2 * width) - 1)
                   select (float)b(dy, dx),
            ],
        };

    /// <summary>The same problem with other options.</summary>
    public AttentionProblem With(Func<KernelizedAttentionOptions, KernelizedAttentionOptions> change) =>
        this with { Options = change(Options) };

    /// <summary>The same problem with a map; rows that are to be features are made so.</summary>
    public AttentionProblem WithMap(FeatureMap map, bool signed = false)
    {
        AttentionProblem problem = With(options => options with { FeatureMap = map, SignedFeatures = map == FeatureMap.Given && signed });
        return map != FeatureMap.Given || signed ? problem : problem with { Query = Array.ConvertAll(Query, Math.Abs), Key = Array.ConvertAll(Key, Math.Abs) };
    }

    /// <summary>The same problem, method forced.</summary>
    public AttentionProblem By(Method method) => With(options => options with { Method = method });

    /// <summary>Whether mask and length let key j of batch b take part.</summary>
    public bool Keeps(int b, int j) =>
        (KeyMask is null || KeyMask[((KeyMask.Length == Shape.KeyLength ? 0 : b) * Shape.KeyLength) + j]) && (Lengths is null || j < Lengths[b]);

    /// <summary>Whether key j of batch b is kept, causally visible to query i of head h, and not removed by a bias of −∞.</summary>
    public bool IsVisible(int b, int h, int i, int j) =>
        Keeps(b, j)
        && (!Options.Causal || j <= QueryOffset(b) + i)
        && !float.IsNegativeInfinity(BiasOf(h, i, j));

    /// <summary>The bias of query i and key j in head h.</summary>
    public float BiasOf(int h, int i, int j) =>
        Bias is null ? 0 : SpecialBias(h, i, j) ?? Bias[((BiasHeads == 1 ? 0 : h) * Offsets) + BiasIndex(i - (Special?.Prefix ?? 0), j - (Special?.Prefix ?? 0))];

    /// <summary>The bias of a pair that a special token takes part in; null for others.</summary>
    private float? SpecialBias(int h, int i, int j)
    {
        if (Special is null) return null;
        int s = Special.Prefix + Special.Suffix, a = Index(i), b = Index(j);
        return (a, b) switch
        {
            ( < 0, < 0) => null,
            (_, < 0) => Of(Special.SpecialToGrid, s, a),
            ( < 0, _) => Of(Special.GridToSpecial, s, b),
            _ => Of(Special.SpecialToSpecial, s * s, (a * s) + b),
        };

        int Index(int token) => token < Special.Prefix ? token : token >= Shape.KeyLength - Special.Suffix ? token - (Shape.KeyLength - s) : -1;

        float Of(float[]? values, int each, int index) => values is null ? 0 : values[(values.Length == each ? 0 : h * each) + index];
    }

    private int BiasIndex(int i, int j)
    {
        if (Grid is not var (height, width)) return j - i + Shape.QueryLength - 1;
        int dy = (j / width) - (i / width), dx = (j % width) - (i % width);
        return ((dy + height - 1) * ((2 * width) - 1)) + dx + width - 1;
    }

    /// <summary>A prepared bias, or null.</summary>
    public RelativePosition? Position() =>
        Bias is null ? null
        : Grid is var (height, width) ? (Special is null ? RelativePosition.Grid(Bias, height, width, BiasHeads) : RelativePosition.Grid(Bias, height, width, Special, BiasHeads))
        : RelativePosition.Dense(Bias, Shape.QueryLength, Shape.KeyLength, BiasHeads);

    /// <summary>Plans for this problem.</summary>
    public KernelizedAttention Prepare() => new(Shape, Options, Position());

    /// <summary>Runs the library once.</summary>
    public AttentionRun Run()
    {
        using KernelizedAttention attention = Prepare();
        return Run(attention);
    }

    /// <summary>Runs a plan made by <see cref="Prepare"/>.</summary>
    public AttentionRun Run(KernelizedAttention attention)
    {
        // Whatever stood in the destination must not matter.
        var output = new float[(long)Shape.Batch * Shape.Heads * Shape.QueryLength * Shape.ValueDimension];
        output.AsSpan().Fill(float.NaN);
        ForwardReport report = attention.Forward(Query, Key, Value, output, KeyMask, Lengths);
        return new AttentionRun(output, report, attention.Plan, attention.Projection);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Shape}, {Options}, bias {(Bias is null ? "none" : BiasHeads)}, grid {(Grid is var (height, width) ? $"{height} × {width}" : "none")}, special {Special?.Prefix} {Special?.Suffix}, mask {KeyMask?.Length.ToString(CultureInfo.InvariantCulture) ?? "none"}, lengths {(Lengths is null ? "none" : string.Join(' ', Lengths))}");
}

/// <summary>What the library made of a problem.</summary>
internal sealed record AttentionRun(float[] Output, ForwardReport Report, ExecutionPlan Plan, RandomProjection? Projection);
