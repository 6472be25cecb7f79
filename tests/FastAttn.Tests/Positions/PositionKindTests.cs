using FastAttn.Positions;
using FastAttn.Tests.Attention;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Positions;

/// <summary>Every kind of position has the biases of its definition, and computes what a dense bias of the same numbers does.</summary>
public sealed class PositionKindTests
{
    private static readonly PositionKind[] Kinds =
        [PositionKind.Clipped, PositionKind.T5, PositionKind.Alibi, PositionKind.Exponentials, PositionKind.KerpleLog, PositionKind.KerplePower];

    public static TheoryData<PositionKind> LengthFree() => [.. Kinds];

    [Property]
    public void BiasesAreThoseOfTheDefinition(int seed)
    {
        var numbers = new Numbers(seed);
        PositionKind kind = numbers.Pick(Kinds);
        int heads = numbers.Between(1, 3), head = numbers.Between(0, heads - 1);
        KindReference reference = KindReference.Make(kind, heads, numbers);
        Assert.Equal(kind, reference.Position.Kind);
        Assert.Equal(heads, reference.Position.Heads);
        double[] biases = new double[numbers.Between(1, 700)];
        long first = numbers.Pick(-350, -1, 0, 1, 1_000_000, -1_000_000_000_000) + numbers.Between(-20, 20);
        reference.Position.Biases(head, first, biases);
        for (int index = 0; index < biases.Length; index++)
        {
            // A power of |t| as e^(p·ln|t|) has the rounding of the exponent, up to 50, in its last digits.
            double expected = reference.Bias(head, first + index);
            Assert.InRange(biases[index], expected - (1e-13 * (1 + Math.Abs(expected))), expected + (1e-13 * (1 + Math.Abs(expected))));
        }
    }

    /// <summary>One number for all heads beside one a head is that number for every head.</summary>
    [Fact]
    public void OneNumberServesAllHeads()
    {
        (RelativePosition Short, RelativePosition Long)[] pairs =
        [
            (RelativePosition.KerpleLog([1, 2], [0.5f]), RelativePosition.KerpleLog([1, 2], [0.5f, 0.5f])),
            (RelativePosition.KerpleLog([2], [0.5f, 1]), RelativePosition.KerpleLog([2, 2], [0.5f, 1])),
            (RelativePosition.KerplePower([1, 2], [0.5f]), RelativePosition.KerplePower([1, 2], [0.5f, 0.5f])),
            (RelativePosition.KerplePower([2], [0.5f, 1]), RelativePosition.KerplePower([2, 2], [0.5f, 1])),
        ];
        foreach ((RelativePosition one, RelativePosition each) in pairs)
        {
            Assert.Equal(2, one.Heads);
            for (int head = 0; head < 2; head++)
            {
                double[] actual = new double[9], expected = new double[9];
                one.Biases(head, -4, actual);
                each.Biases(head, -4, expected);
                Assert.Equal(expected, actual);
            }
        }
    }

    /// <summary>Every offset of every table size, against the published definition; a bucket number is its own bias.</summary>
    [Fact]
    public void T5BucketsAreThePublishedOnes()
    {
        foreach (bool bidirectional in (bool[])[true, false])
        {
            foreach (int buckets in (int[])[4, 6, 8, 12, 16, 20, 32, 64, 128, 256])
            {
                foreach (int maxDistance in (int[])[32, 64, 100, 127, 128, 129, 256, 512, 1000, 1024])
                {
                    if (maxDistance <= buckets / (bidirectional ? 4 : 2)) continue;
                    float[] bias = [.. Enumerable.Range(0, buckets).Select(bucket => (float)bucket)];
                    double[] biases = new double[(4 * maxDistance) + 1];
                    RelativePosition.T5(bias, 1, bidirectional, maxDistance).Biases(0, -2 * maxDistance, biases);
                    for (int index = 0; index < biases.Length; index++)
                        Assert.Equal(KindReference.T5Bucket(index - (2 * maxDistance), buckets, bidirectional, maxDistance), biases[index]);
                }
            }
        }
    }

    /// <summary>Boundaries where the logarithm is a whole number: a float64 logarithm rounds this one down to bucket 23.</summary>
    [Theory]
    [InlineData(32, false, 100, 40, 24)]
    [InlineData(20, false, 1000, 100, 15)]
    [InlineData(32, true, 128, 16, 10)]
    [InlineData(32, true, 128, 64, 14)]
    public void T5BoundariesAreExact(int buckets, bool bidirectional, int maxDistance, int distance, int bucket)
    {
        double[] biases = new double[2];
        RelativePosition.T5([.. Enumerable.Range(0, buckets).Select(x => (float)x)], 1, bidirectional, maxDistance).Biases(0, -distance, biases);
        Assert.Equal([bucket, bucket - 1], biases);
    }

    [Theory]
    [InlineData(true, 91)]
    [InlineData(false, 113)]
    public void T5IsConstantFromItsLastBucketOn(bool bidirectional, int constantFrom)
    {
        double[] biases = new double[10_001];
        RelativePosition.T5([.. Enumerable.Range(0, 32).Select(x => (float)x)], 1, bidirectional).Biases(0, -5000, biases);
        Assert.All(biases[..(5000 - constantFrom + 1)], b => Assert.Equal(bidirectional ? 15 : 31, b));
        Assert.NotEqual(biases[0], biases[5000 - constantFrom + 1]);
        Assert.All(biases[(5000 + constantFrom)..], b => Assert.Equal(bidirectional ? 31 : 0, b));
    }

    /// <summary>Every method that can compute the problem: lengths, offsets, causality, heads of key and position, all at once.</summary>
    [Property]
    public void EveryMethodKeepsTheContract(int seed)
    {
        var numbers = new Numbers(seed);
        PositionKind kind = numbers.Pick(Kinds);
        int heads = numbers.Pick(1, 2, 4);
        var shape = new AttentionShape(heads, numbers.Between(1, 150), 8)
        {
            Batch = numbers.Between(1, 2),
            KeyHeads = numbers.Chance(0.5) ? 1 : heads,
            KeyLength = numbers.Between(1, 150),
            ValueDimension = numbers.Between(1, 9),
        };
        KindReference reference = KindReference.Make(kind, numbers.Chance(0.5) ? 1 : heads, numbers);
        bool causal = numbers.Chance(0.5);
        int? offset = causal && shape.QueryLength > shape.KeyLength || numbers.Chance(0.5) ? numbers.Between(-30, 200) : null;
        int origin = offset ?? (causal ? shape.KeyLength - shape.QueryLength : 0);
        AttentionProblem problem = AttentionProblem.Normal(shape, seed) with
        {
            Bias = Dense(reference, shape, origin),
            Options = new() { Features = 16, Causal = causal, QueryOffset = offset },
            Lengths = numbers.Chance(0.3) ? [.. Enumerable.Range(0, shape.Batch).Select(_ => numbers.Between(0, shape.KeyLength))] : null,
        };
        foreach (Method method in (Method[])[Method.Auto, Method.Direct, Method.Fft, Method.Band, Method.Decay, Method.Multipole])
        {
            using KernelizedAttention? attention = PlanIfAdmissible(problem, method, reference.Position);
            if (attention is not null) Contract.HoldsFor(problem, problem.Run(attention));
        }
    }

    /// <summary>What was prepared for one problem must not serve another.</summary>
    [Theory]
    [MemberData(nameof(LengthFree))]
    public void OnePositionServesProblemsOfAnyLength(PositionKind kind)
    {
        KindReference reference = KindReference.Make(kind, 1, new Numbers(5));
        foreach ((int queries, int keys, int? offset, bool causal) in ((int, int, int?, bool)[])
            [(40, 40, null, false), (40, 50, null, false), (40, 50, 7, false), (40, 50, null, true), (40, 50, 7, true), (1, 300, null, true), (40, 40, null, false),
             (1, 301, null, true), (1, 302, null, true), (1, 303, null, true), (1, 304, null, true), (1, 305, null, true), (40, 40, null, false)])
        {
            var shape = new AttentionShape(1, queries, 8) { KeyLength = keys };
            AttentionProblem problem = AttentionProblem.Normal(shape, 3) with
            {
                Bias = Dense(reference, shape, offset ?? (causal ? keys - queries : 0)),
                Options = new() { Causal = causal, QueryOffset = offset },
            };
            using var attention = new KernelizedAttention(shape, problem.Options, reference.Position);
            Contract.HoldsFor(problem, problem.Run(attention));
        }
    }

    /// <summary>
    /// A million tokens away the bias is −15 656 or −500 244, where float32 has steps of 2⁻¹⁰ and 2⁻⁵; that far only differences of
    /// biases count, and those the dense bias of the reference holds exactly. Padding makes the near keys underflow, so that repairs are tried.
    /// </summary>
    [Theory]
    [InlineData(0.015655517578125f, 60)]
    [InlineData(0.500244140625f, 400)]
    public void FarOffsetsAreNotRounded(float slope, int keys)
    {
        var shape = new AttentionShape(1, 40, 8) { KeyLength = keys };
        AttentionProblem problem = AttentionProblem.Normal(shape, 9) with
        {
            Options = new() { QueryOffset = 1_000_003, FeatureMap = FeatureMap.Elu },
            Bias = [.. Enumerable.Range(1 - shape.QueryLength, shape.QueryLength + keys - 1).Select(t => slope * t)],
            Lengths = [60],
        };
        foreach (Method method in (Method[])[Method.Direct, Method.Fft])
        {
            problem = problem.By(method);
            using var attention = new KernelizedAttention(shape, problem.Options, RelativePosition.Alibi([slope]));
            Contract.HoldsFor(problem, problem.Run(attention), tolerance: 1e-5);
        }
    }

    [Fact]
    public void CoefficientsAreTheStatedExponentials()
    {
        foreach (RelativePosition position in (RelativePosition[])[RelativePosition.Alibi([0.25f, 3f]), RelativePosition.Exponentials([2, 1, 0.5f, 3], [0.1f, 0, 2, 1], 2)])
        {
            foreach (int offset in (int[])[0, -90, 7, 100_000])
            {
                PreparedPosition prepared = position.Prepare(new PositionExtent(80, 120, offset, 119));
                foreach (HeadPosition head in prepared.Heads)
                {
                    Assert.Equal(offset, head.Origin);
                    IReadOnlyList<ExponentialTerm> terms = Assert.IsAssignableFrom<IReadOnlyList<ExponentialTerm>>(head.ExponentialTerms);
                    for (int t = head.FirstOffset; t <= head.LastOffset; t++)
                    {
                        unsafe
                        {
                            // Half a float32 step, and float64's rounding of exponents up to 3e5.
                            double c = terms.Sum(term => Math.Exp(term.LogWeight - (term.Rate * Math.Abs((double)t - head.Origin))));
                            Assert.InRange(head.Coefficients[t], c * (1 - 6.1e-8) - 1e-45, c * (1 + 6.1e-8) + 1e-45);
                        }
                    }
                }
            }
        }

        Assert.Null(RelativePosition.T5(new float[32]).Prepare(new PositionExtent(5, 5, 0, 4)).Head(0).ExponentialTerms);
    }

    [Fact]
    public void PreparedPositionsAreSharedAndADenseOneIgnoresTheOffset()
    {
        RelativePosition alibi = RelativePosition.Alibi([1]), dense = RelativePosition.Dense(new float[9], 5, 5);
        Assert.Same(alibi.Prepare(new(5, 5, 0, 4)), alibi.Prepare(new(5, 5, 0, 4)));
        Assert.NotSame(alibi.Prepare(new(5, 5, 0, 4)), alibi.Prepare(new(5, 5, 1, 4)));
        Assert.Same(dense.Prepare(new(5, 5, 0, 4)), dense.Prepare(new(5, 5, 1, 4)));
        Assert.NotSame(dense.Prepare(new(5, 5, 0, 4)), dense.Prepare(new(5, 5, 0, 0)));
    }

    [Fact]
    public void ParametersCanBeReadBack()
    {
        T5Position t5 = RelativePosition.T5([.. Enumerable.Range(0, 24).Select(x => (float)x)], 2, false, 50);
        Assert.Equal((12, false, 50, 24, 2), (t5.Buckets, t5.Bidirectional, t5.MaxDistance, t5.Bias.Length, t5.Heads));
        ClippedPosition clipped = RelativePosition.Clipped([1, 2, 3, 4, 5, 6], 2);
        Assert.Equal((1, 6f), (clipped.MaxDistance, clipped.Bias[5]));
        Assert.Equal([0.5f, 2f], RelativePosition.Alibi([0.5f, 2f]).Slopes.ToArray());
        ExponentialsPosition sum = RelativePosition.Exponentials([1, 2], [0, 3]);
        Assert.Equal((2, 2f, 3f), (sum.Terms, sum.Weights[1], sum.Rates[1]));
        KerpleLogPosition log = RelativePosition.KerpleLog([1], [2]);
        Assert.Equal((1f, 2f), (log.R1[0], log.R2[0]));
        KerplePowerPosition power = RelativePosition.KerplePower([3], [2]);
        Assert.Equal((3f, 2f), (power.A[0], power.P[0]));
        GridPosition grid = RelativePosition.Grid(new float[15], 2, 3);
        Assert.Equal((2, 3, 15), (grid.Height, grid.Width, grid.Bias.Length));
        DensePosition dense = RelativePosition.Dense([1, 2, 3, 4], 2, 3);
        Assert.Equal((2, 3, 4f), (dense.QueryLength, dense.KeyLength, dense.Bias[3]));
    }

    [Fact]
    public void APlanFromAPositionIsTheAttentionsPlan()
    {
        var shape = new AttentionShape(2, 5000, 16) { KeyLength = 6000 };
        RelativePosition position = RelativePosition.Clipped([0, -1, 0]);
        using var attention = new KernelizedAttention(shape, new(), position);
        Assert.Equal(attention.Plan.Explain(), ExecutionPlan.Create(shape, new(), position).Explain());
        Assert.Throws<ShapeException>(() => ExecutionPlan.Create(shape, null, RelativePosition.Alibi([1, 2, 3])));
        Assert.Throws<ShapeException>(() => ExecutionPlan.Create(shape, null, RelativePosition.Dense(new float[3], 2, 2)));
    }

    [Fact]
    public void WordsOfKinds() =>
        Assert.Equal(["dense", "clipped", "t5", "alibi", "exponentials", "kerple_log", "kerple_power", "grid"], Words.All<PositionKind>());

    private static float[] Dense(KindReference reference, AttentionShape shape, int origin) =>
    [
        .. Enumerable.Range(0, reference.Position.Heads).SelectMany(head =>
            Enumerable.Range(1 - shape.QueryLength, shape.QueryLength + shape.KeyLength - 1).Select(t => (float)reference.Bias(head, (long)t - origin))),
    ];

    private static KernelizedAttention? PlanIfAdmissible(AttentionProblem problem, Method method, RelativePosition position)
    {
        try
        {
            return new KernelizedAttention(problem.Shape, problem.Options with { Method = method }, position);
        }
        catch (ArgumentException refusal) when (refusal.ParamName == "Method" && method is Method.Band or Method.Decay or Method.Multipole)
        {
            return null;
        }
    }
}
