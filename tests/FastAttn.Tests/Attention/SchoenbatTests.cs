using System.Runtime.InteropServices;
using FastAttn.Tests.Features;
using FastAttn.Tests.Infrastructure;
using FsCheck;
using FsCheck.Fluent;

namespace FastAttn.Tests.Attention;

/// <summary>SchoenbAt against its definition in float64: shapes, kernels, forms, methods, masks, positions and hard data.</summary>
public sealed class SchoenbatTests
{
    public static TheoryData<Method, bool> MethodsAndCausality() =>
        Combinations.Of<Method, bool>([Method.Direct, Method.Fft, Method.Linear], [false, true]);

    public static TheoryData<SchoenbatKernel, int> KernelsAndForms() => Combinations.Of<SchoenbatKernel, int>(Enum.GetValues<SchoenbatKernel>(), [-1, 0, 1, 2]);

    [Property(Arbitrary = [typeof(SchoenbatCases)])]
    public void AnyShapeAndOptions(SchoenbatCase any) => any.Problem.Holds();

    [Theory]
    [MemberData(nameof(MethodsAndCausality))]
    public void EveryLengthTo300(Method method, bool causal)
    {
        for (int n = 1; n <= 300; n++) Small(n, method, causal).Holds();
    }

    [Theory]
    [MemberData(nameof(MethodsAndCausality))]
    public void LongSequences(Method method, bool causal)
    {
        foreach (int n in new[] { 1021, 1024, 2049, 4097 }) Small(n, method, causal).Holds(row => row < 16 || row >= n - 16 || row % 197 == 0);
    }

    [Theory]
    [MemberData(nameof(KernelsAndForms))]
    public void EveryKernelAndForm(SchoenbatKernel kernel, int form)
    {
        foreach (int dimension in new[] { 1, 2, 3, 5, 8, 17, 33, 64, 80 })
        {
            // What exact degrees need, and a prime number of random features.
            int features = MaclaurinFeatures.Create(4096, dimension, exactDegrees: Math.Max(form, 0), literal: form < 0).ExactFeatures + 43;
            AttentionProblem call = AttentionProblem.Normal(new AttentionShape(1, 30, dimension) { ValueDimension = 7 }, dimension);
            new SchoenbatProblem(call, Form(form) with { Kernel = kernel, Features = features, Seed = 3 }).Holds();
        }
    }

    [Theory]
    [InlineData(512, 128, 0)]
    [InlineData(512, 1000, 1)]
    [InlineData(88, 4096, 2)]
    [InlineData(4, 4096, 0)]
    public void TheWidest(int dimension, int features, int exactDegrees)
    {
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(2, 20, dimension) { ValueDimension = 5 }, 9);
        new SchoenbatProblem(call, new() { Features = features, ExactDegrees = exactDegrees }).Holds();
    }

    /// <summary>Every method with every kind of position there is for it.</summary>
    [Theory]
    [InlineData(Method.Direct, "clipped")]
    [InlineData(Method.Fft, "clipped")]
    [InlineData(Method.Band, "clipped")]
    [InlineData(Method.Decay, "alibi with a peak")]
    [InlineData(Method.Multipole, "flat alibi")]
    public void StructuredPositionsToo(Method method, string structure)
    {
        foreach (bool causal in new[] { false, true })
        {
            AttentionProblem call = AttentionProblem.Normal(new AttentionShape(1, 700, 8), 4).WithBias(t => StructuredPositions.Bias(structure, t))
                .With(options => options with { Causal = causal, Method = method });
            new SchoenbatProblem(call, new() { Features = 60 }).Holds(row => row % 13 == 0);
        }
    }

    [Fact]
    public void GridsToo()
    {
        foreach (Method method in new[] { Method.Direct, Method.Fft })
            new SchoenbatProblem(AttentionProblem.OnGrid(9, 14, (y, x) => 0.3 * Math.Sin(y + (2 * x)), 1, heads: 2).By(method), new() { Features = 40 }).Holds();
    }

    /// <summary>
    /// With every degree exact up to 2 and rows that only have those (d = 1 leaves nothing but the constant), attention is the
    /// mean of the visible values.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void ConstantRowsAttendEvenly(int exactDegrees)
    {
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(2, 50, 6) { ValueDimension = 3 }, 1);
        float[] flat = [.. call.Query.Select((_, index) => index / 6 * 3e36f)];
        (float[] output, _, _) = new SchoenbatProblem(call with { Query = flat }, new() { ExactDegrees = exactDegrees }).Run();
        for (int row = 0; row < 100; row++)
        {
            for (int column = 0; column < 3; column++)
            {
                double mean = Enumerable.Range(0, 50).Average(j => (double)call.Value[((((row / 50) * 50) + j) * 3) + column]);
                Assert.Equal(mean, output[(row * 3) + column], 1e-5);
            }
        }
    }

    /// <summary>preSBN forgets offset and scale of each row, to the bit where float64 has no rounding of its own.</summary>
    [Property]
    public void OffsetAndScaleOfARowDoNotMatter(int seed)
    {
        // Whole numbers, and a dimension by which a mean divides exactly.
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(1, 20, 8), seed);
        var numbers = new Numbers(seed);
        double[] scales = [.. Enumerable.Range(0, 20).Select(_ => Math.ScaleB(1, numbers.Between(-120, 100)))];
        float[] query = Rounded(call.Query), key = Rounded(call.Key);
        float[] moved = [.. query.Select((value, index) => value + (1000 * (index / 8)))], scaled = [.. key.Select((value, index) => (float)(value * scales[index / 8]))];
        Assert.Equal(
            new SchoenbatProblem(call with { Query = query, Key = key }, new()).Run().Output,
            new SchoenbatProblem(call with { Query = moved, Key = scaled }, new()).Run().Output);

        static float[] Rounded(float[] values) => Array.ConvertAll(values, value => MathF.Round(value * 100));
    }

    /// <summary>With more features the answer comes nearer to attention with the kernel itself, and exact degrees bring it nearer at the same width.</summary>
    [Theory]
    [InlineData(SchoenbatKernel.Exp)]
    [InlineData(SchoenbatKernel.Inv)]
    [InlineData(SchoenbatKernel.Log)]
    [InlineData(SchoenbatKernel.Trigh)]
    [InlineData(SchoenbatKernel.Sqrt)]
    public void FeaturesConvergeToTheKernel(SchoenbatKernel kernel)
    {
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(1, 60, 16) { ValueDimension = 4 }, 8);
        double[][] queries = Rows(call.Query), keys = Rows(call.Key);
        double[] truth =
        [
            .. from query in queries
               let weights = Array.ConvertAll(keys, key => MaclaurinReference.Kernel(kernel, MaclaurinReference.Dot(query, key)))
               from column in Enumerable.Range(0, 4)
               select weights.Select((weight, j) => weight * call.Value[(j * 4) + column]).Sum() / weights.Sum(),
        ];
        double few = Distance(new() { Kernel = kernel, Features = 200 }), many = Distance(new() { Kernel = kernel, Features = 4000 });
        double exact = Distance(new() { Kernel = kernel, Features = 200, ExactDegrees = 2 });
        Assert.True(many < few / 2 && exact < few / 4, $"{few} at 200 features, {many} at 4000, {exact} with exact degrees");

        static double[][] Rows(float[] values) =>
            [.. values.Chunk(16).Select(row => SchoenbatProblem.Normalized(Array.ConvertAll(row, value => (double)value)))];

        double Distance(SchoenbatOptions options)
        {
            double sum = 0;
            for (ulong seed = 0; seed < 8; seed++)
            {
                float[] output = new SchoenbatProblem(call, options with { Seed = seed }).Run().Output;
                sum += output.Zip(truth, (z, expected) => (z - expected) * (z - expected)).Sum();
            }

            return Math.Sqrt(sum / 8);
        }
    }

    /// <summary>γ∘z and γ∘sign(z)|z|^β, one number, one a column or one a head and column.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(15)]
    public void GammaAndBetaComeLast(int values)
    {
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(3, 150, 6) { Batch = 2, ValueDimension = 5 }, 2);
        call.Value[7] = float.NaN;
        call.Value.AsSpan(20, 5).Fill(1e-30f);
        bool[] mask = [.. Enumerable.Range(0, 300).Select(j => j < 120)];
        var plain = new SchoenbatProblem(call with { KeyMask = mask }, new());
        var numbers = new Numbers(5);
        float[] gamma = numbers.Normals(values), beta = [.. numbers.Normals(values).Select(value => 0.1f + Math.Abs(value))];
        gamma[0] = 0;
        float[] z = plain.Run().Output, scaled = (plain with { Options = new() { Gamma = gamma } }).Run().Output;
        float[] powered = (plain with { Options = new() { Gamma = gamma, Beta = beta } }).Run().Output;
        for (int index = 0; index < z.Length; index++)
        {
            int at = values == 1 ? 0 : values == 5 ? index % 5 : (index / (150 * 5) % 3 * 5) + (index % 5);
            Assert.Equal(gamma[at] * z[index], scaled[index]);
            double power = gamma[at] * Math.CopySign(Math.Pow(Math.Abs(z[index]), beta[at]), z[index]);

            // Two roundings to float32, of the power and of the product.
            if (double.IsNaN(power)) Assert.Equal(float.NaN, powered[index]);
            else Assert.Equal(power, powered[index], (Math.Abs(power) * 2.01 / (1 << 24)) + 1.5e-45);
        }

        Assert.Contains(z, float.IsNaN);
        Assert.Contains(powered, entry => entry == 0);
    }

    [Theory]
    [MemberData(nameof(MethodsAndCausality))]
    public void NonFiniteRowsPoisonWhatDependsOnThem(Method method, bool causal)
    {
        float[] bad = [float.NaN, float.PositiveInfinity, float.NegativeInfinity];
        for (int which = 0; which < 3; which++)
        {
            var shape = new AttentionShape(2, 90, 10) { Batch = 2, KeyHeads = 1, KeyLength = 110, ValueDimension = 6 };
            AttentionProblem call = AttentionProblem.Normal(shape, 5).With(options => options with { Causal = causal, Method = method });
            if (method != Method.Linear)
            {
                call = call.WithNormalBias(0.5, 6);
                for (int i = 0; i < call.Bias!.Length; i += 4) call.Bias[i] = float.NegativeInfinity;
            }

            call.Query[333] = bad[which];
            call.Key[777] = bad[(which + 1) % 3];
            call.Value[444] = bad[(which + 2) % 3];
            new SchoenbatProblem(call, new() { Features = 40 }).Holds();
        }
    }

    public static TheoryData<string, Method> ScenariosAndMethods() => Combinations.Of<string, Method>(Scenarios.Keys, [Method.Direct, Method.Fft, Method.Linear]);

    private static Dictionary<string, Func<AttentionProblem, AttentionProblem>> Scenarios { get; } = new()
    {
        ["rows of the largest numbers, of both signs"] = call => Rows(call, (i, value) => value > 0 ? float.MaxValue : -float.MaxValue),
        ["rows of the smallest numbers"] = call => Rows(call, (i, value) => value > 0 ? float.Epsilon : 0),
        ["rows of equal entries"] = call => Rows(call, (i, value) => i % 2 == 0 ? 3e38f : value),
        ["rows that differ in the last bit"] = call => Rows(call, (i, value) => value > 0 ? 1 : 1 - 6e-8f),
        ["rows of zeros"] = call => Rows(call, (i, value) => i % 3 == 0 ? 0 : value),
        ["all rows alike"] = call => call with { Query = [.. call.Query.Select((_, index) => call.Query[index % 12])], Key = [.. call.Key.Select((_, index) => call.Query[index % 12])] },
        ["queries opposite to keys"] = call => call with { Key = [.. call.Query.Select(value => -value)] },
        ["values of 1e37"] = call => call with { Value = [.. call.Value.Select(value => value * 1e37f)] },
        ["values of 1e-30"] = call => call with { Value = [.. call.Value.Select(value => value * 1e-30f)] },
        ["masked keys of NaN and infinity"] = call => Rows(call, (i, value) => value) is var p
            ? p with { Key = [.. p.Key.Select((value, index) => index / 12 % 3 == 0 ? float.NaN : value)], Value = [.. p.Value.Select((value, index) => index / 4 % 3 == 0 ? float.PositiveInfinity : value)], KeyMask = [.. Enumerable.Range(0, 200).Select(j => j % 3 != 0)] }
            : p,
        ["one key alone"] = call => call with { Lengths = [1] },
        ["no key at all"] = call => call with { Lengths = [0] },
    };

    [Theory]
    [MemberData(nameof(ScenariosAndMethods))]
    public void HardRows(string scenario, Method method)
    {
        AttentionProblem call = Scenarios[scenario](AttentionProblem.Normal(new AttentionShape(1, 200, 12) { ValueDimension = 4 }, 3)).By(method);
        if (method != Method.Linear) call = call.WithNormalBias(1, 4);
        foreach (int form in new[] { -1, 0, 1, 2 }) new SchoenbatProblem(call, Form(form) with { Features = 120, Kernel = SchoenbatKernel.Inv }).Holds();
    }

    /// <summary>Rows on which no feature of a literal draw is anything but zero: a denominator of exactly zero gives zeros.</summary>
    [Theory]
    [MemberData(nameof(MethodsAndCausality))]
    public void AZeroDenominatorGivesZeros(Method method, bool causal)
    {
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(1, 40, 6) { ValueDimension = 3 }, 1)
            .With(options => options with { Causal = causal, Method = method });
        call = Rows(call, (i, value) => i % 2 == 0 ? 7 : value);
        if (method != Method.Linear) call = call.WithNormalBias(0.5, 2);
        MaclaurinFeatures draw = MaclaurinFeatures.FromValues([1], [1, 1, 1, -1, -1, -1], 6, literal: true);
        (float[] output, _, _) = new SchoenbatProblem(call, new() { Draw = draw }).Run();
        for (int i = 0; i < 40; i += 2) Assert.Equal([0f, 0f, 0f], output.AsSpan(i * 3, 3).ToArray());
        Assert.All(output, z => Assert.True(float.IsFinite(z)));
    }

    /// <summary>A draw of one degree 20 and equal factors: features of 2^20 and more beside ones below 2^−20, none of them lost.</summary>
    [Theory]
    [MemberData(nameof(MethodsAndCausality))]
    public void LoudDraws(Method method, bool causal)
    {
        var numbers = new Numbers(1);
        sbyte[] factor = [.. Enumerable.Range(0, 64).Select(i => i < 32 ? (sbyte)1 : (sbyte)-1)], signs = [.. Enumerable.Repeat(factor, 41).SelectMany(w => w)];
        MaclaurinFeatures draw = MaclaurinFeatures.FromValues([20, 1, 20], signs, 64, SchoenbatKernel.Inv);
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(1, 120, 64) { ValueDimension = 3 }, 3)
            .With(options => options with { Causal = causal, Method = method });

        // Some rows are along the factors, others as they come.
        call = Rows(call, (i, value) => i % 4 == 0 ? value : float.NaN);
        for (int index = 0; index < call.Query.Length; index++)
        {
            if (float.IsNaN(call.Query[index])) call.Query[index] = factor[index % 64] + (float)(0.3 * numbers.Normal());
            if (float.IsNaN(call.Key[index])) call.Key[index] = factor[index % 64] + (float)(0.3 * numbers.Normal());
        }

        new SchoenbatProblem(method == Method.Linear ? call : call.WithNormalBias(0.5, 1), new() { Draw = draw }).Holds();
    }

    [Theory]
    [MemberData(nameof(MethodsAndCausality))]
    public void ThreadsChangeNoBit(Method method, bool causal)
    {
        var shape = new AttentionShape(2, 390, 20) { ValueDimension = 37 };
        AttentionProblem call = AttentionProblem.Normal(shape, 1).With(options => options with { Causal = causal, Method = method, Threads = 1 });
        if (method != Method.Linear) call = call.WithNormalBias(0.5, 2);
        var problem = new SchoenbatProblem(call, new() { Features = 30, Gamma = [2], Beta = [1.5f] });
        (float[] alone, ForwardReport report, _) = problem.Run();
        foreach (int threads in new[] { 2, 3, 5 })
        {
            (float[] output, ForwardReport other, _) = (problem with { Call = call.With(options => options with { Threads = threads }) }).Run();
            Assert.True(MemoryMarshal.AsBytes<float>(alone).SequenceEqual(MemoryMarshal.AsBytes<float>(output)), $"{threads} threads");
            Assert.Equal(report, other);
        }
    }

    [Fact]
    public void ADrawGivenIsTheDrawUsed()
    {
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(1, 20, 8), 1);
        MaclaurinFeatures draw = MaclaurinFeatures.Create(50, 8, SchoenbatKernel.Log, seed: 77, exactDegrees: 1);
        Assert.Equal(
            new SchoenbatProblem(call, new() { Kernel = SchoenbatKernel.Log, Features = 50, Seed = 77, ExactDegrees = 1 }).Run().Output,
            new SchoenbatProblem(call, new() { Draw = MaclaurinFeatures.FromValues(draw.Degrees, draw.Signs, 8, SchoenbatKernel.Log, exactDegrees: 1) }).Run().Output);
    }

    /// <summary>The same queries and keys with entries changed, by row and entry.</summary>
    private static AttentionProblem Rows(AttentionProblem call, Func<int, float, float> change)
    {
        int dimension = call.Shape.HeadDimension;
        float[] Change(float[] values) => [.. values.Select((value, index) => change(index / dimension, value))];
        return call with { Query = Change(call.Query), Key = Change(call.Key) };
    }

    private static SchoenbatOptions Form(int form) => new() { Literal = form < 0, ExactDegrees = Math.Max(form, 0) };

    private static SchoenbatProblem Small(int length, Method method, bool causal)
    {
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(1, length, 6) { ValueDimension = 5 }, length)
            .With(options => options with { Causal = causal, Method = method });
        return new SchoenbatProblem(method == Method.Linear ? call : call.WithNormalBias(0.5, length + 1), new() { Features = 23 });
    }
}

/// <summary>A random problem of any admissible shape and options: those of <see cref="AttentionCase"/>, by SchoenbAt.</summary>
public sealed record SchoenbatCase(int Seed, int Size)
{
    internal SchoenbatProblem Problem { get; } = Draw(Seed, Size);

    public override string ToString() => $"seed {Seed}, size {Size}: {Problem}";

    private static SchoenbatProblem Draw(int seed, int size)
    {
        var numbers = new Numbers(seed);
        AttentionProblem call = new AttentionCase(numbers.Between(0, int.MaxValue - 1), size).Problem;
        bool literal = numbers.Chance(0.2);
        int exactDegrees = literal ? 0 : numbers.Between(0, 2);
        int exact = MaclaurinFeatures.CountExact(call.Shape.HeadDimension, exactDegrees, literal);
        return new SchoenbatProblem(call, new SchoenbatOptions
        {
            Kernel = numbers.Pick(Enum.GetValues<SchoenbatKernel>()),
            ExactDegrees = exactDegrees,
            Literal = literal,
            Features = exact + numbers.Between(1, 60),
            Seed = (ulong)numbers.Between(0, 1000),
        });
    }
}

/// <summary>Generates <see cref="SchoenbatCase"/>; shrinks by size.</summary>
public static class SchoenbatCases
{
    public static Arbitrary<SchoenbatCase> Any() => Arb.From(
        from seed in Gen.Choose(0, int.MaxValue - 1)
        from size in Gen.Choose(1, 60)
        select new SchoenbatCase(seed, size),
        failing => Enumerable.Range(1, failing.Size - 1).Select(size => new SchoenbatCase(failing.Seed, size)));
}
