using System.Runtime.InteropServices;
using FastAttn.Cli.Npy;

namespace FastAttn.Cli.Tests.Commands;

/// <summary>Every option of <c>run</c> reaches the library: results against the formula.</summary>
public sealed class RunCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(new[] { 7, 6 }, new[] { 9, 6 }, new[] { 9, 5 }, new[] { 7, 5 })]
    [InlineData(new[] { 4, 7, 6 }, new[] { 2, 9, 6 }, new[] { 2, 9, 5 }, new[] { 4, 7, 5 })]
    [InlineData(new[] { 2, 4, 7, 6 }, new[] { 2, 4, 9, 6 }, new[] { 2, 4, 9, 5 }, new[] { 2, 4, 7, 5 })]
    [InlineData(new[] { 4, 7, 6 }, new[] { 9, 6 }, new[] { 1, 9, 5 }, new[] { 4, 7, 5 })]
    public void Leading_axes_may_be_absent(int[] query, int[] key, int[] value, int[] result)
    {
        AttentionFormula formula = Save(query, key, value) with { Projection = SaveProjection(8, 6) };
        RunAndCompare(formula, result, "--projection", _directory["w.npy"]);
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("direct")]
    [InlineData("fft")]
    public void Bias_for_all_heads_by_every_method(string method)
    {
        AttentionFormula formula = SaveDefault() with { Bias = SaveArray("b.npy", 15) };
        RunAndCompare(formula, [2, 7, 5], "--projection", _directory["w.npy"], "--bias", _directory["b.npy"], "--method", method);
    }

    [Fact]
    public void Results_are_written_as_float16_when_asked_for()
    {
        _ = SaveDefault();
        string[] arguments = ["run", "--q", _directory["q.npy"], "--k", _directory["k.npy"], "--v", _directory["v.npy"], "--output"];
        Assert.Equal(0, Cli.Run([.. arguments, _directory["wide.npy"]]).ExitCode);
        Assert.Equal(0, Cli.Run([.. arguments, _directory["half.npy"], "--output-type", "float16"]).ExitCode);

        NpyArray<float> wide = _directory.Load("wide.npy"), half = _directory.Load("half.npy");
        Assert.Equal(wide.Shape, half.Shape);
        Assert.Equal(Array.ConvertAll(wide.Values, value => (float)(Half)value), half.Values);
        Assert.Contains("'descr': '<f2'", File.ReadAllText(_directory["half.npy"]));
        CliResult refused = Cli.Run([.. arguments, _directory["no.npy"], "--output-type", "bfloat16"]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("one of float32, float16", refused.Error);
    }

    [Fact]
    public void Bias_for_each_head_with_forbidden_offsets()
    {
        NpyArray<float> bias = new([2, 15], TemporaryDirectory.Numbers(seed: 5, 30));
        bias.Values[8] = float.NegativeInfinity;
        _directory.Save("b.npy", bias.Shape, bias.Values);
        AttentionFormula formula = SaveDefault() with { Bias = bias };
        RunAndCompare(formula, [2, 7, 5], "--projection", _directory["w.npy"], "--bias", _directory["b.npy"]);
    }

    [Theory]
    [InlineData("alibi:0.25,0.5")]
    [InlineData("kerple_log:1:0.5")]
    [InlineData("exponentials:0.5,2:0.25,0")]
    [InlineData("t5:table.npy:causal:20")]
    [InlineData("clipped:0,-1,0.5")]
    public void Positions_by_their_parameters(string position)
    {
        Func<int, int, double> b = position.Split(':')[0] switch
        {
            "alibi" => (head, t) => (head == 0 ? -0.25 : -0.5) * Math.Abs(t),
            "kerple_log" => (_, t) => -Math.Log(1 + (0.5 * Math.Abs(t))),
            "exponentials" => (_, t) => Math.Log((0.5 * Math.Exp(-0.25 * Math.Abs(t))) + 2),
            "t5" => (head, t) => (8 * head) + Math.Clamp(-t, 0, 3) is int exact && -t < 4 ? exact * 0.125 : ((8 * head) + 4 + Math.Min((int)(Math.Log(-t / 4.0) / Math.Log(5) * 4), 3)) * 0.125,
            _ => (_, t) => t < 0 ? 0 : t == 0 ? -1 : 0.5,
        };
        _directory.Save("table.npy", [2, 8], [.. Enumerable.Range(0, 16).Select(entry => entry * 0.125f)]);
        NpyArray<float> bias = new([2, 15], [.. Enumerable.Range(0, 30).Select(entry => (float)b(entry / 15, (entry % 15) - 6))]);
        RunAndCompare(
            SaveDefault() with { Bias = bias }, [2, 7, 5], "--projection", _directory["w.npy"],
            "--position", position.Replace("table.npy", _directory["table.npy"], StringComparison.Ordinal));
    }

    [Fact]
    public void No_positions_by_the_linear_method() =>
        RunAndCompare(SaveDefault(), [2, 7, 5], "--projection", _directory["w.npy"], "--method", "linear");

    [Fact]
    public void A_projection_of_each_head()
    {
        AttentionFormula formula = SaveDefault() with { Projection = SaveArray("w.npy", 2, 8, 6) };
        RunAndCompare(formula, [2, 7, 5], "--projection", _directory["w.npy"]);
    }

    [Fact]
    public void A_drawn_projection_is_that_of_its_seed_and_kind()
    {
        RandomProjection drawn = RandomProjection.Create(12, 6, ProjectionKind.Sphere, seed: 77);
        AttentionFormula formula = SaveDefault() with { Projection = new NpyArray<float>([12, 6], drawn.Values.ToArray()) };
        RunAndCompare(formula, [2, 7, 5], "--features", "12", "--seed", "77", "--projection-kind", "sphere");
    }

    [Fact]
    public void Elementwise_map_without_normalisation()
    {
        AttentionFormula formula = SaveDefault() with { FeatureMap = FeatureMap.Elu, Normalize = false };
        RunAndCompare(formula, [2, 7, 5], "--feature-map", "elu");
    }

    [Fact]
    public void Products_of_rolled_entries()
    {
        AttentionFormula formula = SaveDefault() with { FeatureMap = FeatureMap.Dpfp, Nu = 3, Normalize = false };
        RunAndCompare(formula, [2, 7, 5], "--feature-map", "dpfp", "--nu", "3");
    }

    [Fact]
    public void Elementwise_map_with_normalisation()
    {
        AttentionFormula formula = SaveDefault() with { FeatureMap = FeatureMap.Elu };
        RunAndCompare(formula, [2, 7, 5], "--feature-map", "elu", "--normalize");
    }

    [Fact]
    public void No_normalisation_takes_the_scale()
    {
        AttentionFormula formula = SaveDefault() with { Normalize = false, QkScale = 0.75 };
        RunAndCompare(formula, [2, 7, 5], "--projection", _directory["w.npy"], "--no-normalize", "--qk-scale", "0.75");
    }

    [Fact]
    public void No_normalisation_scales_by_the_fourth_root_of_the_dimension()
    {
        AttentionFormula formula = SaveDefault() with { Normalize = false, QkScale = Math.Pow(6, -0.25) };
        RunAndCompare(formula, [2, 7, 5], "--projection", _directory["w.npy"], "--no-normalize");
    }

    [Fact]
    public void Causal_queries_are_the_last_ones()
    {
        AttentionFormula formula = SaveDefault() with { Visible = (_, i, j) => j <= i + 2 };
        RunAndCompare(formula, [2, 7, 5], "--projection", _directory["w.npy"], "--causal");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-3)]
    public void Causal_with_an_offset(int offset)
    {
        AttentionFormula formula = SaveDefault() with { Visible = (_, i, j) => j <= i + offset };
        RunAndCompare(formula, [2, 7, 5], "--projection", _directory["w.npy"], "--causal", "--query-offset", $"{offset}");
    }

    [Fact]
    public void Key_mask_for_all_sequences_and_rows_without_a_key()
    {
        bool[] mask = [false, false, false, true, true, false, true, true, false];
        SaveMask("(9,)", mask);
        AttentionFormula formula = SaveDefault() with { Visible = (_, i, j) => mask[j] && j <= i };
        RunAndCompare(formula, [2, 7, 5], "--projection", _directory["w.npy"], "--key-mask", _directory["mask.npy"], "--causal", "--query-offset", "0");
        Assert.All(_directory.Load("out.npy").Values[..15], value => Assert.Equal(0f, value));
    }

    [Fact]
    public void Key_mask_and_length_of_each_sequence()
    {
        bool[] mask = [.. Enumerable.Range(0, 18).Select(index => index % 3 != 1)];
        SaveMask("(2, 9)", mask);
        int[] lengths = [9, 4];
        AttentionFormula formula = Save([2, 2, 7, 6], [2, 2, 9, 6], [2, 2, 9, 5]) with
        {
            Projection = SaveProjection(8, 6),
            Visible = (b, _, j) => mask[b * 9 + j] && j < lengths[b],
        };
        RunAndCompare(formula, [2, 2, 7, 5], "--projection", _directory["w.npy"], "--key-mask", _directory["mask.npy"], "--lengths", "9,4");
    }

    [Fact]
    public void Query_offset_of_each_sequence()
    {
        AttentionFormula formula = Save([2, 2, 7, 6], [2, 2, 9, 6], [2, 2, 9, 5]) with
        {
            Projection = SaveProjection(8, 6),
            Visible = (b, i, j) => j <= i + (b == 0 ? 2 : -1),
        };
        RunAndCompare(formula, [2, 2, 7, 5], "--projection", _directory["w.npy"], "--causal", "--query-offset", "2,-1");
    }

    [Fact]
    public void Features_that_are_given()
    {
        AttentionFormula formula = SaveDefault();
        AssertRefused(1, $"--q {_directory["q.npy"]}", Run("--feature-map", "given"));
        Run("--feature-map", "given", "--signed-features").AssertSucceeded();

        NpyArray<float> query = new(formula.Query.Shape, Array.ConvertAll(formula.Query.Values, Math.Abs)), key = new(formula.Key.Shape, Array.ConvertAll(formula.Key.Values, Math.Abs));
        _directory.Save("q.npy", query.Shape, query.Values);
        _directory.Save("k.npy", key.Shape, key.Values);
        formula = formula with { FeatureMap = FeatureMap.Given, Normalize = false, Query = query, Key = key };
        RunAndCompare(formula, [2, 7, 5], "--feature-map", "given");
    }

    [Theory]
    [InlineData(new[] { 0, 1, 3, 4 }, new[] { 0, 1, 5, 4 }, new[] { 0, 1, 5, 2 })]
    [InlineData(new[] { 0, 4 }, new[] { 5, 4 }, new[] { 5, 2 })]
    [InlineData(new[] { 3, 4 }, new[] { 0, 4 }, new[] { 0, 2 })]
    public void Without_sequences_queries_or_keys_the_result_is_empty_or_zeros(int[] query, int[] key, int[] value)
    {
        _directory.SaveRandom("q.npy", 1, query);
        _directory.SaveRandom("k.npy", 2, key);
        _directory.SaveRandom("v.npy", 3, value);
        Run().AssertSucceeded();
        NpyArray<float> result = _directory.Load("out.npy");
        Assert.Equal([.. query[..^1], 2], result.Shape);
        Assert.All(result.Values, number => Assert.Equal(0, number));
    }

    [Fact]
    public void Float64_files_give_the_bits_of_float32_files()
    {
        SaveDefault();
        Run("--seed", "3").AssertSucceeded();
        float[] single = _directory.Load("out.npy").Values;

        float[] query = _directory.Load("q.npy").Values;
        byte[] doubles = MemoryMarshal.AsBytes(Array.ConvertAll(query, value => (double)value).AsSpan()).ToArray();
        _directory.SaveRaw("q.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 7, 6), }", doubles);
        Run("--seed", "3").AssertSucceeded();

        Assert.Equal(single, _directory.Load("out.npy").Values);
    }

    [Fact]
    public void Threads_never_change_a_bit()
    {
        Save([4, 300, 16], [4, 300, 16], [4, 300, 16]);
        _directory.SaveRandom("b.npy", 9, 599);
        float[][] results = [.. ((string[])["1", "2", "3"]).Select(threads =>
        {
            Run("--bias", _directory["b.npy"], "--threads", threads, "--method", "fft").AssertSucceeded();
            return _directory.Load("out.npy").Values;
        })];

        Assert.Equal(results[0], results[1]);
        Assert.Equal(results[0], results[2]);
    }

    [Fact]
    public void The_report_is_one_line()
    {
        SaveDefault();
        string line = Run("--method", "direct").AssertSucceeded().Output;
        Assert.StartsWith($"{_directory["out.npy"]}: [2,7,5], method direct, 0 of 14 rows repaired, 0 heads fell back to direct, tier {Words.Of(FastAttnInfo.Tier)}, ", line, StringComparison.Ordinal);
        Assert.EndsWith($" ms{Environment.NewLine}", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--features", "0")]
    [InlineData("--features", "4097")]
    [InlineData("--tolerance", "0.5")]
    [InlineData("--tolerance", "0")]
    [InlineData("--tolerance", "NaN")]
    [InlineData("--qk-scale", "0")]
    [InlineData("--qk-scale", "Infinity")]
    [InlineData("--threads", "0")]
    [InlineData("--lengths", "9,9")]
    [InlineData("--query-offset", "1,2")]
    [InlineData("--lengths", "10")]
    [InlineData("--lengths", "-1")]
    public void A_number_out_of_range_is_wrong_usage(string option, string value)
    {
        SaveDefault();
        AssertRefused(2, option, Run(option, value));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_bias_or_projection_that_is_not_finite_is_bad_data(float value)
    {
        SaveDefault();
        float[] bias = TemporaryDirectory.Numbers(1, 15);
        bias[3] = value;
        string b = _directory.Save("b.npy", [15], bias);
        AssertRefused(1, $"--bias {b}", Run("--bias", b));

        float[] projection = TemporaryDirectory.Numbers(1, 48);
        projection[3] = value;
        string w = _directory.Save("w.npy", [8, 6], projection);
        AssertRefused(1, $"--projection {w}", Run("--projection", w));
    }

    [Fact]
    public void Features_and_a_projection_that_disagree_are_refused()
    {
        SaveDefault();
        AssertRefused(2, "--features", Run("--projection", _directory["w.npy"], "--features", "9"));
    }

    [Fact]
    public void A_map_without_a_projection_refuses_one()
    {
        SaveDefault();
        AssertRefused(1, $"--projection {_directory["w.npy"]}", Run("--projection", _directory["w.npy"], "--feature-map", "elu"));
    }

    [Fact]
    public void A_method_that_cannot_compute_this_is_refused()
    {
        SaveDefault();
        _directory.SaveRandom("b.npy", 9, 15);
        AssertRefused(2, "--method", Run("--bias", _directory["b.npy"], "--method", "linear"));
    }

    private void AssertRefused(int exitCode, string name, CliResult result)
    {
        Assert.Equal((exitCode, ""), (result.ExitCode, result.Output));
        string line = Assert.Single(result.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith($"fastattn run: {name}: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("out.npy", _directory.Names);
    }

    private CliResult Run(params string[] options) => Cli.Run(
        ["run", "--q", _directory["q.npy"], "--k", _directory["k.npy"], "--v", _directory["v.npy"], "-o", _directory["out.npy"], .. options]);

    private void RunAndCompare(AttentionFormula formula, int[] shape, params string[] options)
    {
        Run(options).AssertSucceeded();

        NpyArray<float> result = _directory.Load("out.npy");
        double[] expected = formula.Compute();
        Assert.Equal(shape, result.Shape);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], result.Values[i], tolerance: 1e-4);
    }

    // 2 heads, 7 queries, 9 keys, 6 columns, 5 value columns, 8 features.
    private AttentionFormula SaveDefault() => Save([2, 7, 6], [2, 9, 6], [2, 9, 5]) with { Projection = SaveProjection(8, 6) };

    private AttentionFormula Save(int[] query, int[] key, int[] value) => new()
    {
        Query = SaveArray("q.npy", query),
        Key = SaveArray("k.npy", key),
        Value = SaveArray("v.npy", value),
    };

    private NpyArray<float> SaveProjection(int features, int dimension) => SaveArray("w.npy", features, dimension);

    private NpyArray<float> SaveArray(string name, params int[] shape)
    {
        _directory.SaveRandom(name, name[0], shape);
        return _directory.Load(name);
    }

    private void SaveMask(string shape, bool[] mask) =>
        _directory.SaveRaw("mask.npy", $"{{'descr': '|b1', 'fortran_order': False, 'shape': {shape}, }}", Array.ConvertAll(mask, kept => (byte)(kept ? 1 : 0)));
}
