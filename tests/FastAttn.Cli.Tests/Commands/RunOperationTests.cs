using FastAttn.Cli.Npy;

namespace FastAttn.Cli.Tests.Commands;

/// <summary>Every operation of <c>run --op</c>, its options, and FastRPB beside any of them: results against the library's own.</summary>
public sealed class RunOperationTests : IDisposable
{
    // 4 heads over 2 key heads, 9 queries and keys, 6 columns, 5 value columns.
    private static readonly AttentionShape Shape = new(4, 9, 6) { KeyHeads = 2, ValueDimension = 5 };

    private readonly TemporaryDirectory _directory = new();
    private readonly NpyArray<float> _query, _key, _value;

    public RunOperationTests()
    {
        _query = Save("q.npy", 1, 4, 9, 6);
        _key = Save("k.npy", 2, 2, 9, 6);
        _value = Save("v.npy", 3, 2, 9, 5);
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Softmax_with_its_options()
    {
        NpyArray<float> bias = Save("b.npy", 4, 4, 17);
        Same(
            new SoftmaxAttention(Shape, new SoftmaxAttentionOptions { Scale = 0.75f, Causal = true, QueryOffset = 2 }, RelativePosition.Dense(bias.Values, 9, 9, 4)),
            "--op", "softmax", "--scale", "0.75", "--causal", "--query-offset", "2", "--bias", _directory["b.npy"]);
    }

    [Fact]
    public void Gaussian_with_positions() =>
        Same(new GaussianAttention(Shape, null, RelativePosition.Alibi([0.25f])), "--op", "gaussian", "--position", "alibi:0.25");

    [Fact]
    public void Skyformer_with_its_options()
    {
        Same(
            new SkyformerAttention(Shape, new SkyformerOptions { Landmarks = 7, Gamma = 0.25f, Inverse = SkyformerInverse.Schulz, Sampling = LandmarkSampling.Halves, Seed = 11 }),
            "--op", "skyformer", "--landmarks", "7", "--gamma", "0.25", "--inverse", "schulz", "--sampling", "halves", "--seed", "11");
        Same(new SkyformerAttention(Shape, new SkyformerOptions { LandmarkIndices = [0, 3, 17] }), "--op", "skyformer", "--landmark-indices", "0,3,17");
    }

    [Fact]
    public void Schoenbat_with_its_options() =>
        Same(
            new SchoenbatAttention(Shape, new SchoenbatOptions { Kernel = SchoenbatKernel.Log, Features = 20, ExactDegrees = 1, Gamma = [2], Beta = [0.5f], Seed = 5, Causal = true, Method = Method.Direct, Tolerance = 1e-3f }),
            "--op", "schoenbat", "--kernel", "log", "--features", "20", "--exact-degrees", "1", "--gamma", "2", "--beta", "0.5", "--seed", "5", "--causal", "--method", "direct", "--tolerance", "1e-3");

    [Fact]
    public void Options_for_parity_with_other_codes()
    {
        Same(
            new KernelizedAttention(Shape, new KernelizedAttentionOptions { Normalize = false, FeatureEpsilon = 0.25f }, RelativePosition.T5(new float[32], maxDistance: 100, rounding: T5Rounding.Float32)),
            "--no-normalize", "--feature-epsilon", "0.25", "--position", $"t5:{string.Join(',', new float[32])}:100:float32");
        Same(new SchoenbatAttention(Shape, new SchoenbatOptions { DenominatorFloor = 30 }), "--op", "schoenbat", "--denominator-floor", "30");
        Same(
            new SkyformerAttention(Shape, new SkyformerOptions { Landmarks = 7, Sampling = LandmarkSampling.Replacement }),
            "--op", "skyformer", "--landmarks", "7", "--sampling", "replacement");
    }

    [Fact]
    public void Kernelized_is_the_default() => Same(new KernelizedAttention(Shape, new KernelizedAttentionOptions { Seed = 3, Features = 12 }), "--seed", "3", "--features", "12");

    [Theory]
    [InlineData("kernelized")]
    [InlineData("softmax")]
    [InlineData("gaussian")]
    [InlineData("skyformer")]
    [InlineData("schoenbat")]
    public void FastRpb_is_added_to_any_of_them(string operation)
    {
        string[] chosen = operation == "skyformer" ? ["--op", operation, "--landmarks", "9"] : ["--op", operation];
        float[] without = Run(chosen);
        NpyArray<float> weights = Save("w.npy", 6, 4, 15);
        float[] with = Run([.. chosen, "--fast-rpb", _directory["w.npy"], "--fast-rpb-prefix", "1"]);
        for (int index = 0; index < with.Length; index++)
        {
            (int c, int i, int h) = (index % 5, index / 5 % 9, index / 45);
            double sum = without[index];
            for (int j = 1; j < 9 && i > 0; j++) sum += (double)weights.Values[(h * 15) + (i - j) + 7] * _value.Values[(((h / 2 * 9) + j) * 5) + c];
            Assert.Equal(sum, with[index], 1e-4);
        }
    }

    [Fact]
    public void FastRpb_alone()
    {
        NpyArray<float> weights = Save("w.npy", 6, 17), of = Save("rows.npy", 7, 9, 5);
        float[] got = Run("--op", "fast_rpb", "--fast-rpb", _directory["w.npy"], "--causal", "--v", _directory["rows.npy"]);
        for (int index = 0; index < got.Length; index++)
        {
            double sum = 0;
            for (int j = 0; j <= index / 5; j++) sum += (double)weights.Values[(index / 5) - j + 8] * of.Values[(j * 5) + (index % 5)];
            Assert.Equal(sum, got[index], 1e-4);
        }
    }

    [Fact]
    public void FastRpb_without_tokens_is_zero()
    {
        Save("none.npy", 6, 0);
        Save("empty.npy", 7, 2, 0, 5);
        Assert.Equal(new float[2 * 9 * 5], Run("--op", "fast_rpb", "--fast-rpb", _directory["none.npy"], "--fast-rpb-prefix", "9", "--v", _directory["v.npy"]));
        Assert.Empty(Run("--op", "fast_rpb", "--fast-rpb", _directory["none.npy"], "--v", _directory["empty.npy"]));
    }

    [Fact]
    public void FastRpb_on_a_grid()
    {
        NpyArray<float> rows = Save("w.npy", 6, 2, 2), columns = Save("c.npy", 7, 2, 4);
        FastRpb rpb = FastRpb.Grid(rows.Values, columns.Values, 2, 4, new FastRpbOptions { Heads = 2, Symmetric = true, Suffix = 1 });
        var expected = new float[2 * 9 * 5];
        rpb.Forward(new AttentionShape(2, 9, 1) { ValueDimension = 5 }, _value.Values, expected);
        Assert.Equal(expected, Run(
            "--op", "fast_rpb", "--v", _directory["v.npy"], "--fast-rpb", _directory["w.npy"], "--fast-rpb-columns", _directory["c.npy"],
            "--fast-rpb-grid", "2,4", "--fast-rpb-symmetric", "--fast-rpb-suffix", "1"));

        NpyArray<float> square = Save("s.npy", 8, 5);
        FastRpb.Grid(square.Values, 3).Forward(new AttentionShape(2, 9, 1) { ValueDimension = 5 }, _value.Values, expected);
        Assert.Equal(expected, Run("--op", "fast_rpb", "--v", _directory["v.npy"], "--fast-rpb", _directory["s.npy"], "--fast-rpb-grid", "3,3"));
    }

    [Theory]
    [InlineData("--op sofmax", "--op: got 'sofmax', expected one of kernelized, softmax, gaussian, skyformer, schoenbat, fast_rpb")]
    [InlineData("--op softmax --features 8", "--features is not an option of --op softmax, only of kernelized, schoenbat")]
    [InlineData("--op skyformer --causal", "--causal is not an option of --op skyformer, only of kernelized, softmax, gaussian, schoenbat, fast_rpb")]
    [InlineData("--scale 2", "--scale is not an option of --op kernelized, only of softmax")]
    [InlineData("--fast-rpb-prefix 1", "--fast-rpb-prefix is given without --fast-rpb")]
    [InlineData("--fast-rpb w.npy --fast-rpb-columns c.npy", "--fast-rpb-columns is given without --fast-rpb-grid")]
    public void Options_that_do_not_go_together_are_wrong_usage(string options, string line) =>
        Cli.Run(["run", .. Files(), .. options.Split(' ')]).AssertFailed(2, $"fastattn run: {line} (see fastattn run --help)");

    [Theory]
    [InlineData("--op fast_rpb --v v.npy -o out.npy", "Option '--fast-rpb' is required.")]
    [InlineData("--op fast_rpb --fast-rpb w.npy -o out.npy", "Option '--v' is required.")]
    [InlineData("--op softmax --k k.npy --v v.npy -o out.npy", "Option '--q' is required.")]
    public void Each_operation_asks_for_its_files(string options, string line) =>
        Cli.Run(["run", .. options.Split(' ')]).AssertFailed(2, $"fastattn run: {line} (see fastattn run --help)");

    [Fact]
    public void Weights_that_do_not_fit_are_bad_data()
    {
        string w = _directory.Save("w.npy", [16], TemporaryDirectory.Numbers(1, 16)), many = _directory.Save("m.npy", [3, 17], TemporaryDirectory.Numbers(1, 51));
        Cli.Run(["run", .. Files(), "--fast-rpb", w]).AssertFailed(1, $"fastattn run: --fast-rpb {w}: has shape [16], expected [17] or [H,17] for 9 tokens that are not special");
        Cli.Run(["run", .. Files(), "--fast-rpb", many]).AssertFailed(1, "fastattn run: --fast-rpb has weights for 3 heads, expected 1 or 4");
        string nan = _directory.Save("n.npy", [17], [.. Enumerable.Repeat(float.NaN, 17)]);
        Cli.Run(["run", .. Files(), "--fast-rpb", nan]).AssertFailed(1, $"fastattn run: --fast-rpb {nan}: weights[0] is NaN; expected finite numbers");
        Cli.Run(["run", .. Files(), "--fast-rpb", nan, "--fast-rpb-grid", "2,4"]).AssertFailed(2, "fastattn run: --fast-rpb-grid: got 2,4, expected a height and a width of 9 tokens, the rows of the values that are not special");
        Cli.Run(["run", .. Files(), "--fast-rpb", nan, "--fast-rpb-grid", "9"]).AssertFailed(2, "fastattn run: --fast-rpb-grid: got 9, expected a height and a width of 9 tokens, the rows of the values that are not special");
        Cli.Run(["run", .. Files(), "--fast-rpb", nan, "--fast-rpb-grid", "-3,-3"]).AssertFailed(2, "fastattn run: --fast-rpb-grid: got -3,-3, expected a height and a width of 9 tokens, the rows of the values that are not special");
        Cli.Run(["run", .. Files(), "--fast-rpb", nan, "--fast-rpb-prefix", "2147483647", "--fast-rpb-suffix", "2147483647"]).AssertFailed(2, "fastattn run: --fast-rpb-prefix 2147483647, --fast-rpb-suffix 2147483647: expected at least 0 each, together at most 9, the rows of the values");
        Cli.Run(["run", .. Files(), "--fast-rpb", nan, "--fast-rpb-prefix", "10"]).AssertFailed(2, "fastattn run: --fast-rpb-prefix 10, --fast-rpb-suffix 0: expected at least 0 each, together at most 9, the rows of the values");
    }

    private string[] Files() => ["--q", _directory["q.npy"], "--k", _directory["k.npy"], "--v", _directory["v.npy"], "-o", _directory["out.npy"]];

    private NpyArray<float> Save(string name, int seed, params int[] shape)
    {
        var array = new NpyArray<float>(shape, TemporaryDirectory.Numbers(seed, shape.Aggregate(1, (product, extent) => product * extent)));
        _directory.Save(name, array.Shape, array.Values);
        return array;
    }

    private float[] Run(params string[] options)
    {
        string[] files = options.Contains("fast_rpb") ? ["-o", _directory["out.npy"]] : Files();
        Cli.Run(["run", .. files, .. options]).AssertSucceeded();
        return _directory.Load("out.npy").Values;
    }

    private void Same(AttentionSystem system, params string[] options)
    {
        var expected = new float[4 * 9 * 5];
        using (system) system.Forward(_query.Values.AsSpan(), _key.Values, _value.Values, expected);
        Assert.Equal(expected, Run(options));
    }
}
