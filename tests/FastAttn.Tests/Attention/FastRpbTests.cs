using System.Numerics.Tensors;
using FastAttn.Tests.Infrastructure;
using FastAttn.Tests.Kernels;

namespace FastAttn.Tests.Attention;

/// <summary>FastRPB against float64 by the definition: out_i = Σ_j W_ij v_j.</summary>
public sealed class FastRpbTests
{
    /// <summary>
    /// Of 2⁻²⁴·‖w‖₂·‖v_column‖₂: the 14.5 of a Toeplitz product (see ToeplitzPlanTests); on a grid one more for rounding the sums, whose
    /// norm then counts, and three for adding the two parts.
    /// </summary>
    private const double Kappa = 18.5;

    private const double HalfUlp = 1.0 / (1 << 24);

    [Property]
    public void AnyProblem(int seed)
    {
        FastRpbProblem problem = FastRpbProblem.Random(seed);
        float[] before = new Numbers(seed).Normals(problem.Nothing().Length);
        Check(problem, null, problem.Run(problem.Nothing(), adds: false));
        Check(problem, before, problem.Run(before, adds: true));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void EveryLengthTo300(bool causal, bool symmetric)
    {
        for (int n = 1; n <= 300; n++)
        {
            FastRpbProblem problem = FastRpbProblem.Sequence(n, 1 + (n % 3), n, new() { Causal = causal, Symmetric = symmetric });
            Check(problem, null, problem.Run(problem.Nothing(), adds: false));
        }
    }

    /// <summary>
    /// Rows before a loud value, of which every second is masked, beside special tokens that hold anything: written, and added to what is there.
    /// The bound is the promised one, 2⁻¹⁵ of what the row sees, and in sums the rounding of the sum.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LoudLaterValuesStayOutOfCausalRows(bool adds)
    {
        const int N = 500, Columns = 33;
        FastRpbProblem problem = FastRpbProblem.Sequence(N, Columns, 1, new() { Causal = true, Prefix = 1, Suffix = 1, Heads = 2 }, heads: 2, keyHeads: 1, batch: 2);
        problem = problem with { KeyMask = [.. Enumerable.Range(0, problem.Rows).Select(row => row % 2 == 0 || row > N / 2)], Lengths = [problem.Rows, N - 10] };
        for (int i = 0; i < problem.Value.Length; i++)
        {
            int row = i / Columns % problem.Rows;
            problem.Value[i] *= row == 0 || row == problem.Rows - 1 ? float.NaN : row >= N - 20 || row % 2 == 1 && row < N / 2 ? 1e8f : 1;
        }

        float[] before = new Numbers(3).Normals(problem.Nothing().Length), output = problem.Run(adds ? before : problem.Nothing(), adds);
        for (int index = 0; index < output.Length; index++)
        {
            int column = index % Columns, row = index / Columns % problem.Rows, head = index / Columns / problem.Rows % 2, batch = index / Columns / problem.Rows / 2;
            double expected = adds ? before[index] : 0, weights = 0, values = 0;
            for (int j = 1; j <= Math.Min(row, N); j++)
            {
                double weight = problem.Weight(batch, head, row, j).Vertical, value = problem.Counts(batch, j) ? problem.ValueOf(batch, head, j, column) : 0;
                expected += weight * value;
                weights += weight * weight;
                values += value * value;
            }

            double tolerance = (Math.Sqrt(weights * values) / (1 << 15)) + (HalfUlp * Math.Abs(expected)) + (adds ? HalfUlp * Math.Abs(before[index]) : 0);
            if (row == 0 || row == problem.Rows - 1) expected = adds ? before[index] : 0;
            Assert.True(Math.Abs(expected - output[index]) <= tolerance, $"batch {batch}, head {head}, row {row}, column {column}: {output[index]}, expected {expected} ± {tolerance}");
        }
    }

    [Fact]
    public void EveryGridOfSidesTo20()
    {
        for (int height = 1; height <= 20; height++)
        {
            for (int width = 1; width <= 20; width++)
            {
                FastRpbProblem problem = FastRpbProblem.Grid(height, width, 1 + (width % 4), (20 * height) + width);
                Check(problem, null, problem.Run(problem.Nothing(), adds: false));
            }
        }
    }

    [Theory]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(1021)]
    [InlineData(2047)]
    [InlineData(4097)]
    [InlineData(5000)]
    public void LongSequences(int n)
    {
        FastRpbProblem problem = FastRpbProblem.Sequence(n, 33, n, new() { Causal = true, Prefix = 1, Suffix = 2 });
        Check(problem, null, problem.Run(problem.Nothing(), adds: false), row => row % 97 == 0 || row > n - 5);
    }

    [Theory]
    [InlineData(7, 300)]
    [InlineData(300, 7)]
    [InlineData(64, 64)]
    public void LargeGrids(int height, int width)
    {
        FastRpbProblem problem = FastRpbProblem.Grid(height, width, 5, height);
        Check(problem, null, problem.Run(problem.Nothing(), adds: false), row => row % 97 == 0);
    }

    /// <summary>The worked example of src/FastAttn/README.md.</summary>
    [Fact]
    public void ByHand()
    {
        float[] v = [1, 10, 100], z = new float[3];
        var shape = new AttentionShape(1, 3, 1);
        new FastRpb([1, 2, 3, 4, 5], 3).Forward(shape, v, z);
        AssertNear([123, 234, 345], z);
        new FastRpb([1, 2, 3, 4, 5], 3, new() { Causal = true }).AddTo(shape, v, z);
        AssertNear([126, 268, 690], z);
        new FastRpb([3, 4, 5], 3, new() { Symmetric = true }).Forward(shape, v, z);
        AssertNear([543, 434, 345], z);

        float[] rows = [7, 1, 10, 100, 9], more = new float[5];
        new FastRpb([1, 2, 3, 4, 5], 3, new() { Prefix = 1, Suffix = 1 }).Forward(shape with { QueryLength = 5, KeyLength = 5 }, rows, more);
        AssertNear([0, 123, 234, 345, 0], more);

        float[] image = [1, 10, 100, 1000], of = new float[4];
        FastRpb.Grid([1, 2, 3], [4, 5, 6], height: 2, width: 2).Forward(shape with { QueryLength = 4, KeyLength = 4 }, image, of);
        AssertNear([(2 * 11) + (1 * 1100) + (5 * 101) + (4 * 1010), (2 * 11) + (1 * 1100) + (6 * 101) + (5 * 1010),
            (3 * 11) + (2 * 1100) + (5 * 101) + (4 * 1010), (3 * 11) + (2 * 1100) + (6 * 101) + (5 * 1010)], of);
    }

    [Fact]
    public void OneVectorServesBothAxesOfASquare()
    {
        FastRpbProblem problem = FastRpbProblem.Grid(9, 9, 4, 1);
        float[] both = problem with { Horizontal = (9, problem.Weights) } is var square ? square.Run(square.Nothing(), adds: false) : [], one = problem.Nothing();
        FastRpb.Grid(problem.Weights, 9).Forward(problem.Shape, problem.Value, one);
        Assert.Equal(both, one);
    }

    [Fact]
    public void SpecialTokensGiveNothingAndReceiveNothing()
    {
        foreach (FastRpbProblem whole in (FastRpbProblem[])[FastRpbProblem.Sequence(50, 6, 1, new() { Prefix = 2, Suffix = 3 }), FastRpbProblem.Grid(5, 8, 6, 1, new() { Prefix = 2, Suffix = 3 })])
        {
            int start = 2 * 6, end = (whole.Rows - 3) * 6;
            float[] loud = (float[])whole.Value.Clone(), before = new Numbers(3).Normals(loud.Length);
            loud.AsSpan(0, start).Fill(float.NaN);
            loud.AsSpan(end).Fill(1e30f);
            float[] written = (whole with { Value = loud }).Run(whole.Nothing(), adds: false), added = (whole with { Value = loud }).Run(before, adds: true);
            Assert.Equal(whole.Run(whole.Nothing(), adds: false), written);
            Assert.All(written[..start], value => Assert.Equal(0f, value));
            Assert.All(written[end..], value => Assert.Equal(0f, value));
            Assert.Equal(before[..start], added[..start]);
            Assert.Equal(before[end..], added[end..]);
        }
    }

    [Property]
    public void WhatIsNotFiniteReachesWhatDependsOnItAndNothingElse(int seed)
    {
        var numbers = new Numbers(seed);
        FastRpbProblem problem = FastRpbProblem.Random(seed);
        double zeros = numbers.Pick(0, 0.5, 0.95), bad = numbers.Pick(0.002, 0.1, 1);
        float[] Sparse(float[] weights) => [.. weights.Select(w => numbers.Chance(zeros) ? 0 : w)];
        problem = problem with
        {
            Weights = Sparse(problem.Weights),
            Horizontal = problem.Horizontal is var (width, weights) ? (width, Sparse(weights)) : null,
            Value = [.. problem.Value.Select(v => numbers.Chance(bad) ? numbers.Pick(float.NaN, float.PositiveInfinity, float.NegativeInfinity) : v)],
        };
        float[] before = numbers.Normals(problem.Nothing().Length);
        Check(problem, null, problem.Run(problem.Nothing(), adds: false));
        Check(problem, before, problem.Run(before, adds: true));
    }

    /// <summary>What is masked may hold anything and changes no bit.</summary>
    [Property]
    public void MaskedValuesCountAsZeros(int seed)
    {
        FastRpbProblem problem = FastRpbProblem.Random(seed);
        float[] loud = (float[])problem.Value.Clone(), silent = (float[])problem.Value.Clone();
        for (int index = 0; index < loud.Length; index++)
        {
            int row = index / problem.Shape.ValueDimension, batch = row / problem.Rows / problem.Shape.KeyHeads;
            if (problem.Counts(batch, row % problem.Rows)) continue;
            loud[index] = float.NaN;
            silent[index] = 0;
        }

        Assert.Equal((problem with { Value = silent, KeyMask = null, Lengths = null }).Run(problem.Nothing(), adds: false), (problem with { Value = loud }).Run(problem.Nothing(), adds: false));
    }

    [Property]
    public void NeitherThreadsNorSharingChangesABit(int seed)
    {
        FastRpbProblem problem = FastRpbProblem.Random(seed);
        float[] one = problem.Run(problem.Nothing(), adds: false, threads: 1);
        Assert.Equal(one, problem.Run(problem.Nothing(), adds: false, threads: 5));

        // The same weights, given once for each head, and values of their own: nothing is shared any more.
        AttentionShape s = problem.Shape;
        float[] Repeated(float[] weights) => problem.Options.Heads == 1 ? [.. Enumerable.Repeat(weights, s.Heads).SelectMany(w => w)] : weights;
        FastRpbProblem apart = problem with
        {
            Shape = s with { KeyHeads = s.Heads },
            Options = problem.Options with { Heads = s.Heads },
            Weights = Repeated(problem.Weights),
            Horizontal = problem.Horizontal is var (width, weights) ? (width, Repeated(weights)) : null,
            Value =
            [
                .. from b in Enumerable.Range(0, s.Batch)
                   from h in Enumerable.Range(0, s.Heads)
                   from j in Enumerable.Range(0, problem.Rows)
                   from c in Enumerable.Range(0, s.ValueDimension)
                   select problem.ValueOf(b, h, j, c),
            ],
        };
        Assert.Equal(one, apart.Run(problem.Nothing(), adds: false));
    }

    /// <summary>Values and destination as [B, n, H, d] with gaps, in place; what stands between the rows stays.</summary>
    [Property]
    public unsafe void AnyStrides(int seed)
    {
        FastRpbProblem problem = FastRpbProblem.Random(seed);
        AttentionShape s = problem.Shape;
        float[] before = new Numbers(seed).Normals(problem.Nothing().Length), expected = problem.Run(before, adds: true);
        float[] value = LengthMajor(problem, problem.Value, s.KeyHeads), output = LengthMajor(problem, before, s.Heads);
        fixed (float* v = value, z = output)
            problem.Prepare().AddTo(Strided(problem, v, s.KeyHeads), Strided(problem, z, s.Heads), problem.KeyMask, problem.Lengths);
        Assert.Equal(LengthMajor(problem, expected, s.Heads), output);
    }

    [Fact]
    public void TensorsOfAnyRankAreReadAndWrittenInPlace()
    {
        FastRpbProblem problem = FastRpbProblem.Sequence(40, 5, 1, heads: 4, keyHeads: 2, batch: 2), flat = FastRpbProblem.Sequence(40, 5, 2);
        float[] expected = problem.Run(problem.Nothing(), adds: false);
        float[] value = LengthMajor(problem, problem.Value, 2), output = LengthMajor(problem, problem.Nothing(), 4), plain = flat.Nothing();
        problem.Prepare().Forward(
            new ReadOnlyTensorSpan<float>(value, [2, 2, 40, 5], [40 * 16, 8, 16, 1]), new TensorSpan<float>(output, [2, 4, 40, 5], [40 * 32, 8, 32, 1]));
        Assert.Equal(LengthMajor(problem, expected, 4), output);
        flat.Prepare().Forward(new ReadOnlyTensorSpan<float>(flat.Value, [40, 5]), new TensorSpan<float>(plain, [40, 5]));
        Assert.Equal(flat.Run(flat.Nothing(), adds: false), plain);
    }

    /// <summary>[B, H, n, d] as [B, n, H, d + 3], sevens in the gaps.</summary>
    private static float[] LengthMajor(FastRpbProblem problem, float[] dense, int heads)
    {
        int columns = problem.Shape.ValueDimension, n = problem.Rows;
        var data = new float[problem.Shape.Batch * n * heads * (columns + 3)];
        data.AsSpan().Fill(7);
        for (int index = 0; index < dense.Length; index++)
        {
            int c = index % columns, i = index / columns % n, h = index / columns / n % heads, b = index / columns / n / heads;
            data[(((((b * n) + i) * heads) + h) * (columns + 3)) + c] = dense[index];
        }

        return data;
    }

    private static unsafe StridedTensor Strided(FastRpbProblem problem, float* data, int heads)
    {
        int width = problem.Shape.ValueDimension + 3;
        return new StridedTensor((nint)data, problem.Shape.Batch, heads, problem.Rows, width - 3, problem.Rows * heads * width, width, heads * width);
    }

    /// <summary>Weights near the largest number, of either sign, by both methods; in a pair of columns of different sizes, which are scaled.</summary>
    [Theory]
    [InlineData(1, 3e38f)]
    [InlineData(1, -3e38f)]
    [InlineData(40, -3e38f)]
    [InlineData(600, -3e38f)]
    public void LoudWeightsOfEitherSign(int length, float loud)
    {
        float[] weights = new float[(2 * length) - 1], value = [.. Enumerable.Range(0, length * 40).Select(i => i % 40 < 16 ? 0.9f : 0.01f)], z = new float[length * 40];
        weights[length - 1] = loud;
        new FastRpb(weights, length).Forward(new AttentionShape(1, length, 40), value, z);
        for (int i = 0; i < z.Length; i++) Assert.Equal(loud * value[i], z[i], 3e38 * 1e-5);
    }

    /// <summary>What rows and columns of a grid give each other is beyond float32, and their sum is zero.</summary>
    [Fact]
    public void LoudWeightsOfAGridCancel()
    {
        float[] w = [3e38f], minus = [-3e38f], z = new float[1];
        FastRpb.Grid(w, minus, 1, 1).Forward(new AttentionShape(1, 1, 1), [8f], z);
        Assert.Equal(0, z[0]);
    }

    /// <summary>Sums along a side may leave float32 although nothing that goes in or comes out does.</summary>
    [Fact]
    public void LoudSumsOfAGridStayWithinFloat32()
    {
        FastRpbProblem problem = FastRpbProblem.Grid(30, 40, 3, 1);
        problem = problem with
        {
            Value = [.. problem.Value.Select(v => MathF.Abs(v) * 5e37f)],
            Weights = [.. problem.Weights.Select(w => w * 1e-6f)],
            Horizontal = (40, [.. problem.Horizontal!.Value.Weights.Select(w => w * 1e-6f)]),
        };
        Check(problem, null, problem.Run(problem.Nothing(), adds: false));
    }

    [Fact]
    public unsafe void NothingBeyondTheTensorsIsTouched()
    {
        foreach (int n in (int[])[1, 2, 7, 23, 25, 64, 65, 300])
        {
            foreach (int columns in (int[])[1, 8, 15, 16, 17, 32, 33, 70])
            {
                foreach (FastRpbProblem problem in (FastRpbProblem[])[FastRpbProblem.Sequence(n, columns, n), FastRpbProblem.Grid(n, 3, columns, n)])
                {
                    using var value = new GuardedFloats(problem.Value);
                    using var output = new GuardedFloats(problem.Nothing().Length);
                    problem.Prepare().Forward(
                        problem.Shape, new ReadOnlySpan<float>(value.Pointer, value.Count), new Span<float>(output.Pointer, output.Count),
                        [.. Enumerable.Repeat(true, problem.Rows)], [problem.Rows], 1);
                    Check(problem, null, output.ToArray(), row => row < 3);
                }
            }
        }
    }

    [Fact]
    public void ItIsAddedToAnyAttention()
    {
        AttentionProblem attention = AttentionProblem.Normal(new AttentionShape(4, 100, 8) { KeyHeads = 2, Batch = 2, ValueDimension = 6 }, 1) with { Lengths = [100, 60] };
        float[] weights = new Numbers(2).Normals(4 * 199), z = attention.Run().Output, sum = (float[])z.Clone();
        new FastRpb(weights, 100, new() { Heads = 4 }).AddTo(attention.Shape, attention.Value, sum, default, attention.Lengths);
        var problem = new FastRpbProblem(attention.Shape, new() { Heads = 4 }, weights, attention.Value) { Lengths = attention.Lengths };
        Check(problem, z, sum);
    }

    private static void AssertNear(double[] expected, float[] got)
    {
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], got[i], expected[i] * 1e-5);
    }

    private static void Check(FastRpbProblem problem, float[]? before, float[] got, Func<int, bool>? rows = null)
    {
        AttentionShape s = problem.Shape;
        for (int index = 0; index < got.Length; index++)
        {
            int c = index % s.ValueDimension, i = index / s.ValueDimension % problem.Rows;
            if (rows is not null && !rows(i)) continue;
            int h = index / s.ValueDimension / problem.Rows % s.Heads, b = index / s.ValueDimension / problem.Rows / s.Heads;
            (double expected, double scale) = Reference(problem, b, h, i, c);
            if (before is not null && !double.IsNaN(expected)) expected += before[index];
            double allowed = (Kappa * HalfUlp * scale) + (2 * HalfUlp * Math.Abs(expected)) + (4 * float.Epsilon);
            if (double.IsNaN(expected) != float.IsNaN(got[index]) || Math.Abs(expected - got[index]) > allowed)
                Assert.Fail($"batch {b}, head {h}, row {i}, column {c}: {got[index]}, expected {expected} ± {allowed} ({problem})");
        }
    }

    /// <summary>Σ_j W_ij v_j, NaN where it depends on what is not finite, and ‖w‖₂·‖v‖₂ of what is multiplied along each axis.</summary>
    private static (double Sum, double Scale) Reference(FastRpbProblem problem, int b, int h, int i, int c)
    {
        int width = problem.Horizontal?.Width ?? 1, height = problem.Length / width, prefix = problem.Options.Prefix;
        double[] down = new double[height], across = new double[width];
        double sum = 0;
        for (int j = 0; j < problem.Rows; j++)
        {
            (double vertical, double horizontal) = problem.Weight(b, h, i, j);
            float v = problem.ValueOf(b, h, j, c);
            if (vertical == 0 && horizontal == 0) continue;
            sum += float.IsFinite(v) ? (vertical + horizontal) * v : double.NaN;
        }

        for (int j = prefix; j < prefix + problem.Length; j++)
        {
            float v = problem.ValueOf(b, h, j, c);
            if (!problem.Counts(b, j) || !float.IsFinite(v)) continue;
            down[(j - prefix) / width] += v;
            across[(j - prefix) % width] += v;
        }

        double scale = problem.Norm(problem.Weights, h) * Math.Sqrt(down.Sum(x => x * x));
        if (problem.Horizontal is var (_, horizontalWeights)) scale += problem.Norm(horizontalWeights, h) * Math.Sqrt(across.Sum(x => x * x));
        return (sum, scale);
    }
}
