namespace FastAttn.Cli.Tests.Commands;

public sealed class RunDataErrorTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    public static TheoryData<int[], int[], int[], string, string> Misfits => new()
    {
        { [4], [5, 2], [5, 3], "q", "has shape [4], expected [n,d], [H,n,d] or [B,H,n,d]" },
        { [1, 1, 1, 4, 2], [5, 2], [5, 3], "q", "has shape [1,1,1,4,2], expected [n,d], [H,n,d] or [B,H,n,d]" },
        { [4, 2], [], [5, 3], "k", "has shape [], expected [n,d], [H,n,d] or [B,H,n,d]" },
        { [0, 4, 2], [5, 2], [5, 3], "q", "has shape [0,4,2], expected at least one head and one column" },
        { [4, 2], [5, 2], [5, 0], "v", "has shape [5,0], expected at least one head and one column" },
        { [2, 1, 4, 2], [3, 1, 5, 2], [3, 1, 5, 3], "k", "has shape [3,1,5,2], expected 2 sequences as in --q {q}" },
        { [2, 1, 4, 2], [2, 1, 5, 2], [1, 5, 3], "v", "has shape [1,5,3], expected 2 sequences as in --q {q}" },
        { [4, 4, 2], [3, 5, 2], [3, 5, 3], "k", "has shape [3,5,2], expected a number of heads that divides the 4 of --q {q}" },
        { [4, 4, 2], [2, 5, 2], [4, 5, 3], "v", "has shape [4,5,3], expected 2 heads as in --k {k}" },
        { [4, 2], [5, 3], [5, 3], "k", "has shape [5,3], expected 2 columns as in --q {q}" },
        { [4, 2], [5, 2], [6, 3], "v", "has shape [6,3], expected 5 rows as in --k {k}" },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public void Shapes_that_do_not_fit_name_both_files(int[] query, int[] key, int[] value, string option, string message)
    {
        string q = _directory.SaveRandom("q.npy", 1, query);
        string k = _directory.SaveRandom("k.npy", 2, key);
        string v = _directory.SaveRandom("v.npy", 3, value);

        string expected = message.Replace("{q}", q, StringComparison.Ordinal).Replace("{k}", k, StringComparison.Ordinal);
        Cli.Run("run", "--q", q, "--k", k, "--v", v, "-o", _directory["o.npy"])
            .AssertFailed(1, $"fastattn run: --{option} {_directory[option + ".npy"]}: {expected}");
        Assert.Equal(["k.npy", "q.npy", "v.npy"], _directory.Names);
    }

    [Theory]
    [InlineData("--bias", new[] { 7 }, "[8], [1,8] or [2,8]")]
    [InlineData("--bias", new[] { 3, 8 }, "[8], [1,8] or [2,8]")]
    [InlineData("--bias", new[] { 1, 1, 8 }, "[8], [1,8] or [2,8]")]
    [InlineData("--projection", new[] { 6 }, "[m,3] or [2,m,3]")]
    [InlineData("--projection", new[] { 6, 2 }, "[m,3] or [2,m,3]")]
    [InlineData("--projection", new[] { 0, 3 }, "[m,3] or [2,m,3]")]
    [InlineData("--projection", new[] { 3, 6, 3 }, "[m,3] or [2,m,3]")]
    public void Bias_and_projection_must_fit_the_query(string option, int[] shape, string expected)
    {
        string extra = _directory.SaveRandom("extra.npy", 4, shape);
        Run(option, extra).AssertFailed(1, $"fastattn run: {option} {extra}: has shape [{string.Join(',', shape)}], expected {expected}");
    }

    [Theory]
    [InlineData("(4,)", 4, "[4]")]
    [InlineData("(5, 1)", 5, "[5,1]")]
    [InlineData("(1, 2, 5)", 10, "[1,2,5]")]
    [InlineData("(2, 5)", 10, "[2,5]")]
    public void Key_mask_must_fit_the_key(string shape, int count, string came)
    {
        string mask = _directory.SaveRaw("mask.npy", $"{{'descr': '|b1', 'fortran_order': False, 'shape': {shape}, }}", new byte[count]);
        Run("--key-mask", mask).AssertFailed(1, $"fastattn run: --key-mask {mask}: has shape {came}, expected [5] or [1,5], perhaps with axes of length 1 before the last");
    }

    [Fact]
    public void Key_mask_must_be_0_or_1_or_minus_infinity()
    {
        string mask = _directory.Save("mask.npy", [5], [0, 0, float.NegativeInfinity, 0.5f, 0]);
        Run("--key-mask", mask).AssertFailed(
            1, $"fastattn run: --key-mask {mask}: holds 0.5 at [3] of its <f4 elements, expected 0 (attend) or -inf (leave out), the numbers that are added to scores");
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        string q = _directory["missing.npy"];
        Cli.Run("run", "--q", q, "--k", q, "--v", q, "-o", _directory["o.npy"]).AssertFailed(1, $"fastattn run: --q {q}: no such file");
    }

    [Fact]
    public void A_truncated_file_is_named()
    {
        string q = _directory.SaveRandom("q.npy", 1, 4, 2);
        File.WriteAllBytes(q, File.ReadAllBytes(q)[..^1]);
        Cli.Run("run", "--q", q, "--k", q, "--v", q, "-o", _directory["o.npy"])
            .AssertFailed(1, $"fastattn run: --q {q}: holds 31 bytes of data, expected 32 for its shape");
    }

    [Theory]
    [InlineData("--key-mask", "")]
    [InlineData("--bias", "")]
    [InlineData("--position", "t5:{}:causal:20")]
    [InlineData("--fast-rpb", "")]
    public void An_input_is_never_overwritten(string option, string form)
    {
        string kept = _directory.SaveRandom("kept.npy", 4, 8), link = _directory["link.npy"];
        byte[] content = File.ReadAllBytes(kept);
        File.CreateSymbolicLink(link, kept);
        string value = form.Length == 0 ? kept : form.Replace("{}", kept, StringComparison.Ordinal);
        foreach (string output in (string[])[kept, link])
        {
            Cli.Run("run", "--q", "q", "--k", "k", "--v", "v", option, value, "-o", output)
                .AssertFailed(1, $"fastattn run: --output {output}: is the file {kept} that the command reads; expected another one");
        }

        Assert.Equal(content, File.ReadAllBytes(kept));
    }

    [Fact]
    public void An_unwritable_output_is_found_before_the_inputs_are_read()
    {
        string output = _directory["no/o.npy"];
        Cli.Run("run", "--q", "q", "--k", "k", "--v", "v", "-o", output).AssertFailed(1, $"fastattn run: --output {output}: no such directory");
    }

    // Two heads of 4 queries and 5 keys, 3 columns, with one more option.
    private CliResult Run(string option, string value) => Cli.Run(
        "run", "--q", _directory.SaveRandom("q.npy", 1, 2, 4, 3), "--k", _directory.SaveRandom("k.npy", 2, 2, 5, 3),
        "--v", _directory.SaveRandom("v.npy", 3, 2, 5, 3), "-o", _directory["o.npy"], option, value);
}
