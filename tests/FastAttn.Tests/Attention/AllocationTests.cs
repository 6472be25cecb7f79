using FastAttn.Tests.Infrastructure;
using FastAttn.Tests.Tensors;

namespace FastAttn.Tests.Attention;

/// <summary>Steady state allocates no managed byte, on the calling thread or on any other.</summary>
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    public static TheoryData<Method, int> MethodsAndThreads() =>
        Combinations.Of<Method, int>([Method.Direct, Method.Fft, Method.Linear, Method.Band, Method.Decay, Method.Multipole], [1, 2]);

    public static TheoryData<Method, int> MethodsAndThreadsOfGrids() => Combinations.Of<Method, int>([Method.Direct, Method.Fft], [1, 2]);

    public static TheoryData<string, int> ScoreSystemsAndThreads() => Combinations.Of<string, int>(["softmax", "gaussian", "cholesky", "schulz"], [1, 2]);

    [Theory]
    [MemberData(nameof(MethodsAndThreads))]
    public void SteadyStateAllocatesNothing(Method method, int threads)
    {
        var shape = new AttentionShape(4, 600, 32) { KeyHeads = 2, ValueDimension = 24 };
        AttentionProblem problem = AttentionProblem.Normal(shape, 1)
            .With(options => options with { Features = 32, Method = method, Threads = threads });
        problem = method switch
        {
            Method.Linear => problem,
            Method.Band or Method.Decay or Method.Multipole => problem.WithBias(t => StructuredPositions.Bias(method == Method.Band ? "clipped" : "alibi", t)),
            _ => problem.WithNormalBias(0.5, 2),
        };
        AssertAllocatesNothing(problem);
    }

    [Theory]
    [MemberData(nameof(MethodsAndThreadsOfGrids))]
    public void SteadyStateOnAGridAllocatesNothing(Method method, int threads) => AssertAllocatesNothing(
        AttentionProblem.OnGrid(20, 30, (y, x) => 0.3 * Math.Sin(y + (2 * x)), 1, heads: 4)
            .With(options => options with { Features = 32, Method = method, Threads = threads }));

    [Theory]
    [InlineData(Method.Direct, 1)]
    [InlineData(Method.Linear, 2)]
    public void SteadyStateOfSchoenbatAllocatesNothing(Method method, int threads)
    {
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(4, 600, 32) { KeyHeads = 2, ValueDimension = 24 }, 1)
            .With(options => options with { Method = method, Threads = threads });
        using SchoenbatAttention attention = new SchoenbatProblem(call, new() { ExactDegrees = 1, Gamma = [2], Beta = [0.5f] }).Prepare();
        AssertAllocatesNothing(call, attention);
    }

    [Theory]
    [MemberData(nameof(ScoreSystemsAndThreads))]
    public void SteadyStateOfExactFormsAndSkyformerAllocatesNothing(string system, int threads)
    {
        // Three heads on two threads: one of them is shared. Deviation 5: some Gaussian rows are near the centre and some are not.
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(3, 600, 40) { ValueDimension = 24 }, 1, 5).WithNormalBias(0.5, 2);
        using AttentionSystem attention = system switch
        {
            "softmax" => new SoftmaxAttention(call.Shape, new SoftmaxAttentionOptions { Threads = threads, Causal = true }, call.Position()),
            "gaussian" => new GaussianAttention(call.Shape, new GaussianAttentionOptions { Threads = threads }, call.Position()),
            _ => new SkyformerAttention(call.Shape, new SkyformerOptions { Threads = threads, Landmarks = 50, Inverse = Words.Parse<SkyformerInverse>(system, nameof(system)) }),
        };
        AssertAllocatesNothing(call, attention);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void FastRpbAllocatesNothing(int threads)
    {
        foreach (FastRpbProblem problem in (FastRpbProblem[])[FastRpbProblem.Sequence(600, 40, 1, new() { Prefix = 1 }, heads: 4, keyHeads: 2), FastRpbProblem.Grid(20, 30, 40, 1)])
        {
            FastRpb rpb = problem.Prepare();
            float[] output = new float[problem.Nothing().Length];
            bool[] mask = [.. Enumerable.Range(0, problem.Rows).Select(row => row % 3 > 0)];
            AssertAllocatesNothing(() => rpb.AddTo(problem.Shape, problem.Value, output, mask, threads: threads));
        }
    }

    [Theory]
    [InlineData("direct", ElementType.Float16)]
    [InlineData("direct", ElementType.Bfloat16)]
    [InlineData("softmax", ElementType.Float16)]
    public void SixteenBitsAllocateNothing(string system, ElementType element)
    {
        AttentionProblem call = AttentionProblem.Normal(new AttentionShape(4, 600, 32) { KeyHeads = 2, ValueDimension = 24 }, 1);
        using AttentionSystem attention = system == "softmax" ? new SoftmaxAttention(call.Shape) : call.By(Method.Direct).Prepare();
        using var query = new ElementMemory(element, 1, 4, call.Query, 32);
        using var key = new ElementMemory(element, 1, 2, call.Key, 32);
        using var value = new ElementMemory(element, 1, 2, call.Value, 24);
        using var output = new ElementMemory(element, 1, 4, new float[4 * 600 * 24], 24);
        AssertAllocatesNothing(() => attention.Forward(query.Tensor, key.Tensor, value.Tensor, output.Tensor));
    }

    [Fact]
    public void FastRpbOfSixteenBitsAllocatesNothing()
    {
        FastRpbProblem problem = FastRpbProblem.Sequence(600, 40, 1, heads: 4, keyHeads: 2);
        FastRpb rpb = problem.Prepare();
        Half[] value = Array.ConvertAll(problem.Value, x => (Half)x), output = new Half[problem.Nothing().Length];
        AssertAllocatesNothing(() => rpb.AddTo(problem.Shape, value, output, threads: 2));
    }

    private static void AssertAllocatesNothing(AttentionProblem problem)
    {
        using KernelizedAttention attention = problem.Prepare();
        AssertAllocatesNothing(problem, attention);
    }

    private static void AssertAllocatesNothing(AttentionProblem problem, AttentionSystem attention)
    {
        var mask = new bool[600];
        mask.AsSpan(0, 500).Fill(true);
        int[] lengths = [550];
        var output = new float[problem.Shape.Heads * 600 * problem.Shape.ValueDimension];
        AssertAllocatesNothing(() => attention.Forward(problem.Query, problem.Key, problem.Value, output, mask, lengths));
    }

    private static void AssertAllocatesNothing(Action call)
    {
        for (int warm = 0; warm < 4; warm++) call();
        long thread = long.MaxValue, process = long.MaxValue;
        for (int attempt = 0; attempt < 20 && process > 0; attempt++)
        {
            // Other things in a test process allocate now and then; what a call itself allocates, it allocates every time.
            long threadBefore = GC.GetAllocatedBytesForCurrentThread(), processBefore = GC.GetTotalAllocatedBytes(precise: true);
            call();
            process = Math.Min(process, GC.GetTotalAllocatedBytes(precise: true) - processBefore);
            thread = Math.Min(thread, GC.GetAllocatedBytesForCurrentThread() - threadBefore);
        }

        Assert.Equal(0, thread);
        Assert.Equal(0, process);
    }
}

/// <summary>Nothing runs beside these tests: they measure the whole process.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationTestsRunAlone;
