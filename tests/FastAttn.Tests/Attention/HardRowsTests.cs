using FastAttn.Tests.Infrastructure;
using Xunit;

namespace FastAttn.Tests.Attention;

/// <summary>Rows that a shortcut once got wrong, each in its smallest form; expected values by hand or by the plain formula.</summary>
public class HardRowsTests
{
    public static TheoryData<Method> Methods => [Method.Direct, Method.Fft];

    [Theory]
    [MemberData(nameof(Methods))]
    public void ANonFiniteQueryLeavesRepairedRowsAlone(Method method)
    {
        float[] bias = [-120, -120, -120, -120, 0];
        float[] k = [3, 0, 0, 3, 0, 0], v = [1, 0, 0];
        float[] z = Sikf(method, [0, 0, float.NaN, 0, 3, 0], k, v, 3, 2, bias);
        Assert.True(float.IsNaN(z[1]));

        // Row 2 meets all keys at bias −120: weights e⁶ + 1, 2e³ … of φ(q) = (e³, 1).
        double e3 = Math.Exp(3), w0 = (e3 * e3) + 1, w1 = e3 + e3, w2 = e3 + 1;
        Assert.Equal(w0 / (w0 + w1 + w2), z[2], 1e-4);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void ALoudValueOutOfSightDoesNotSilenceARow(Method method)
    {
        foreach (float loud in (float[])[1e10f, 1e25f, 3e38f])
        {
            float[] z = Sikf(method, [0, 0], [0, 0], [1, loud], 2, 1, [0, 0, 0], causal: true);
            Assert.Equal(1, z[0], 1e-4);
            Assert.Equal(loud / 2, z[1], loud * 1e-4);
        }

        float[] tiny = Sikf(method, [0, 0], [0, 0], [1e-30f, 1e30f], 2, 1, [float.NegativeInfinity, 0, float.NegativeInfinity]);
        Assert.Equal(1e-30, tiny[0], 1e-34);
        Assert.Equal(1e30, tiny[1], 1e26);
    }

    /// <summary>Rows that see only values far quieter than the head's loudest are recomputed alone, one after another.</summary>
    [Theory]
    [MemberData(nameof(Methods))]
    public void SeveralQuietRows(Method method)
    {
        const int n = 5;
        float[] q = [3, 0, 0, 3, 3, 0, 0, 3, 1, 1], k = [3, 0, 0, 3, 3, 1, 1, 0, 0, 0], v = [1e-25f, 2e-25f, 3e-25f, 5e-25f, 1e5f];
        float[] z = Sikf(method, q, k, v, n, 2, new float[(2 * n) - 1], causal: true);
        for (int i = 0; i < n; i++)
        {
            double numerator = 0, denominator = 0;
            for (int j = 0; j <= i; j++)
            {
                double weight = Math.Exp(q[2 * i] + k[2 * j]) + Math.Exp(q[(2 * i) + 1] + k[(2 * j) + 1]);
                numerator += weight * v[j];
                denominator += weight;
            }

            Assert.Equal(numerator / denominator, z[i], 1e-4 * v[i]);
        }
    }

    /// <summary>All that row 0 sees has one bias, so large that features added to it are lost, and far below the head's largest.</summary>
    [Theory]
    [MemberData(nameof(Methods))]
    public void AHugeBiasSwallowsNoFeatures(Method method)
    {
        foreach (float huge in (float[])[-1e9f, -1e30f, -3e38f])
        {
            float[] z = Sikf(method, [0, 0], [0, 1], [1, 5], 2, 1, [0, huge, huge]);
            Assert.Equal((1 + (5 * Math.E)) / (1 + Math.E), z[0], 1e-4);
        }
    }

    /// <summary>Features so far apart that float32 has no logarithm of their quotient, and those of query and key largest in different places: one key is the answer.</summary>
    [Theory]
    [InlineData(FeatureMap.Sikf)]
    [InlineData(FeatureMap.Elu)]
    [InlineData(FeatureMap.Prf)]
    [InlineData(FeatureMap.Relu)]
    public void ASingleKeyIsTheAnswerHoweverFarApartFeaturesAre(FeatureMap map)
    {
        foreach ((float[] q, float[] k) in (ReadOnlySpan<(float[], float[])>)[([3e38f, -3e38f], [-3e38f, 3e38f]), ([-3e38f, -2e38f], [-2e38f, -3e38f]), ([-3e38f, -3e38f], [-3e38f, -3e38f])])
        {
            foreach (float scale in (float[])[1, 1e10f, 3e38f])
            {
                float[] z = new float[1];
                using var attention = new KernelizedAttention(
                    new AttentionShape(1, 1, 2) { ValueDimension = 1 },
                    new KernelizedAttentionOptions { FeatureMap = map, Normalize = false, QkScale = scale });
                attention.Forward(q.AsSpan(), k, [5f], z);
                Assert.Equal(5, z[0], 1e-3);
            }
        }
    }

    [Fact]
    public void ANonFiniteKeysValueSetsNoScale() =>
        Assert.Equal(1, Sikf(Method.Direct, [0, 0], [0, float.NaN], [1, 1e25f], 2, 1, [0, 0, 0], causal: true)[0], 1e-4);

    [Theory]
    [MemberData(nameof(Methods))]
    public void ScatteredOffsetsAndSparseValues(Method method)
    {
        const int n = 20;
        float[] bias = [.. Enumerable.Range(0, (2 * n) - 1).Select(t => t % 2 == 0 ? float.NegativeInfinity : 0f)];
        float[] v = new float[n];
        v[18] = v[19] = 1;
        float[] z = Sikf(method, new float[n], new float[n], v, n, 1, bias);

        // Every row sees the keys of one parity, ten of them, one of which holds a one.
        foreach (float value in z) Assert.Equal(0.1, value, 1e-4);
    }

    /// <summary>More gaps than are followed, and the one loud value lies behind them: a row recomputed alone must find its size by itself.</summary>
    [Theory]
    [MemberData(nameof(Methods))]
    public void ALoudValueBehindManyGaps(Method method)
    {
        const int n = 40, loudest = 36;
        float[] bias = [.. Enumerable.Range(1 - n, (2 * n) - 1).Select(t => t % 3 == 2 || t < 0 ? float.NegativeInfinity : 0f)];
        float[] v = new float[n];
        Array.Fill(v, 1);
        v[loudest] = 3e38f;
        float[] z = Sikf(method, new float[2 * n], new float[2 * n], v, n, 2, bias);
        int seen = Enumerable.Range(0, n).Count(t => t % 3 != 2);
        Assert.Equal(3e38 / seen, z[0], 3e38 * 1e-4);
    }

    [Fact]
    public void LongSumsOfConstantsDoNotDrift()
    {
        const int keys = 1 << 18;
        float[] v = new float[keys], z = new float[2], bias = new float[keys + 1];
        Array.Fill(v, 1.7f);
        Array.Fill(bias, -150);
        bias[0] = 0;
        foreach (float[] b in (float[][])[bias, new float[keys + 1]])
        {
            using var attention = new KernelizedAttention(
                new AttentionShape(1, 2, 1) { KeyLength = keys },
                new KernelizedAttentionOptions { FeatureMap = FeatureMap.Sikf, Method = Method.Direct },
                RelativePosition.Dense(b, 2, keys));
            attention.Forward(new float[2].AsSpan(), new float[keys], v, z);

            // Sums of at most 1024 float32 terms, 256 of them: (1024 + 256) half ulps.
            foreach (float value in z) Assert.Equal(1.7, value, 1.7 * 1280 * Math.Pow(2, -24));
        }
    }

    [Fact]
    public void SoftmaxOfTheLargestValuesIsFinite()
    {
        float[] z = new float[1], v = [3e38f, 3e38f, 3e38f, 3e38f];
        using var attention = new SoftmaxAttention(new AttentionShape(1, 1, 1) { KeyLength = 4 });
        attention.Forward(new float[1].AsSpan(), new float[4], v, z);
        Assert.Equal(3e38, z[0], 3e38 * 1e-5);
    }

    /// <summary>A decaying bias under long padding: most rows see only keys far away.</summary>
    [Theory]
    [InlineData(0.5f, true)]
    [InlineData(0.5f, false)]
    [InlineData(0.0625f, true)]
    public void LongPaddingUnderADecayingBias(float slope, bool causal)
    {
        const int n = 700, kept = 350;
        float[] bias = [.. Enumerable.Range(1 - n, (2 * n) - 1).Select(t => -slope * Math.Abs(t))];
        float[] v = [.. Enumerable.Range(0, n).Select(j => (j % 7) - 3f)], z = new float[n];
        using var attention = new KernelizedAttention(
            new AttentionShape(1, n, 1),
            new KernelizedAttentionOptions { FeatureMap = FeatureMap.Sikf, Causal = causal },
            RelativePosition.Dense(bias, n, n));
        attention.Forward(new float[n].AsSpan(), new float[n], v, z, lengths: [kept]);
        for (int i = 0; i < n; i++)
        {
            int last = causal ? Math.Min(i, kept - 1) : kept - 1;
            double nearest = Enumerable.Range(0, last + 1).Max(j => (double)bias[j - i + n - 1]), numerator = 0, denominator = 0;
            for (int j = 0; j <= last; j++)
            {
                double weight = Math.Exp(bias[j - i + n - 1] - nearest);
                numerator += weight * v[j];
                denominator += weight;
            }

            Assert.Equal(numerator / denominator, z[i], 3 * 1e-4);
        }
    }

    /// <summary>One head, as many keys as queries, value dimension one, the exponential map.</summary>
    private static float[] Sikf(Method method, float[] q, float[] k, float[] v, int n, int d, float[] bias, bool causal = false)
    {
        float[] z = new float[n];
        using var attention = new KernelizedAttention(
            new AttentionShape(1, n, d) { ValueDimension = 1 },
            new KernelizedAttentionOptions { FeatureMap = FeatureMap.Sikf, Method = method, Causal = causal },
            RelativePosition.Dense(bias, n, n));
        attention.Forward(q.AsSpan(), k, v, z);
        return z;
    }

    [Fact]
    public void AColumnOfZerosHearsTheColumnThatSharesItsTransform()
    {
        // DPFP of these queries is in feature 1 alone, of these keys in 0, 5, 9 and 17: no weight is above zero, yet feature 1 of the keys
        // shares complex numbers with the others, in the numerators with 0, in the denominators with 5, 9 or 17 by the tier's lanes.
        var shape = new AttentionShape(1, 200, 32) { ValueDimension = 3 };
        var numbers = new Numbers(5);
        float[] q = new float[200 * 32], k = new float[200 * 32], z = new float[200 * 3];
        for (int row = 0; row < 200; row++)
        {
            foreach (int column in (int[])[0, 1]) q[(row * 32) + column] = 1 + Math.Abs(numbers.Normals(1)[0]);
            foreach (int column in (int[])[0, 4, 5, 8, 9, 16, 17]) k[(row * 32) + column] = 1 + Math.Abs(numbers.Normals(1)[0]);
            k[(row * 32) + 31] = -1;
        }

        var options = new KernelizedAttentionOptions { FeatureMap = FeatureMap.Dpfp, Method = Method.Fft };
        using var attention = new KernelizedAttention(shape, options, RelativePosition.Dense(numbers.Normals(399), 200, 200));
        attention.Forward(q.AsSpan(), k, numbers.Normals(600), z);

        Assert.All(z, entry => Assert.Equal(0, entry));
    }

    /// <summary>
    /// DPFP of queries is in feature 21 alone, of keys in all features of positive entries and, but for two rows, not in that one. It shares complex
    /// numbers with columns of norm √n, whose rounding it hears: unit · ‖c‖ · √(n / 2) against denominators of two: 0.07 % here,
    /// where its own norm, √2, would promise 0.002 %. What lies between the two must not be granted.
    /// </summary>
    [Fact]
    public void ASparseColumnHearsTheColumnThatSharesItsTransform()
    {
        const int n = 4_000, d = 32, quiet = 21, first = 1_000, second = 3_000;
        float[] q = new float[n * d], k = new float[n * d], v = new Numbers(7).Normals(n), z = new float[n];
        Array.Fill(k, 1);
        for (int row = 0; row < n; row++)
        {
            q.AsSpan((row * d) + quiet - 1, 2).Fill(1);
            if (row is not (first or second)) k[(row * d) + quiet] = -1;
        }

        using var attention = new KernelizedAttention(
            new AttentionShape(1, n, d) { ValueDimension = 1 },
            new KernelizedAttentionOptions { FeatureMap = FeatureMap.Dpfp, Method = Method.Fft, Tolerance = 4e-4f },
            RelativePosition.Dense(new float[(2 * n) - 1], n, n));
        ForwardReport report = attention.Forward(q.AsSpan(), k, v, z);

        Assert.Equal(n, report.RepairedRows + (n * report.FallbackHeads));
        float expected = (v[first] + v[second]) / 2, worst = z.Max(value => Math.Abs(value - expected));
        Assert.InRange(worst, 0, 4e-4f * Math.Max(Math.Abs(v[first]), Math.Abs(v[second])));
    }

    [Fact]
    public void AQuietFeatureBesideALoudOneNeedsNoRepair()
    {
        // ELU features of keys are about 10⁻¹³ and 2, of queries 10¹³ and 2: both count as much, and share a transform.
        var shape = new AttentionShape(1, 200, 2);
        var numbers = new Numbers(6);
        float[] q = new float[400], k = new float[400], z = new float[400];
        for (int row = 0; row < 200; row++)
        {
            (q[2 * row], q[(2 * row) + 1]) = (1e13f, 1 + Math.Abs(numbers.Normals(1)[0]));
            (k[2 * row], k[(2 * row) + 1]) = (-30 + numbers.Normals(1)[0], 1);
        }

        var options = new KernelizedAttentionOptions { FeatureMap = FeatureMap.Elu, Method = Method.Fft };
        using var attention = new KernelizedAttention(shape, options, RelativePosition.Dense(numbers.Normals(399), 200, 200));
        ForwardReport report = attention.Forward(q.AsSpan(), k, numbers.Normals(400), z);

        Assert.Equal(0, report.RepairedRows);
        Assert.Equal(0, report.FallbackHeads);
    }
}
