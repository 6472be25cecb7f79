using BenchmarkDotNet.Attributes;
using FastAttn.Bench.Inputs;

namespace FastAttn.Bench.Benchmarks;

/// <summary>A Toeplitz matrix times 64 columns, one thread.</summary>
public class ToeplitzBenchmarks
{
    private const int Columns = 64;

    private ToeplitzPlan _plan = null!;
    private float[] _x = null!;
    private float[] _y = null!;

    [Params(256, 1024, 4096, 16384, 5000)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _plan = new ToeplitzPlan(Normal.Array(random, (2 * Length) - 1), Length, Length);
        _x = Normal.Array(random, (long)Length * Columns);
        _y = new float[_x.Length];
    }

    [Benchmark]
    public void Multiply() => _plan.Multiply(_x, _y, Columns, threads: 1);
}
