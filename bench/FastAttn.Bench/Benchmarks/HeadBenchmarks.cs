using BenchmarkDotNet.Attributes;
using FastAttn.Bench.Inputs;

namespace FastAttn.Bench.Benchmarks;

/// <summary>One head with relative positions by direct and fft, and without by linear; d = 64, one thread.</summary>
public class HeadBenchmarks
{
    private HeadInputs _inputs = null!;
    private KernelizedAttention _plan = null!;

    [Params(512, 1024, 4096)]
    public int Length { get; set; }

    [Params(32, 64, 128)]
    public int Features { get; set; }

    [Params(Method.Direct, Method.Fft, Method.Linear)]
    public Method Method { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _inputs = new HeadInputs(Length);
        _plan = _inputs.Plan(Method, Features, hasPosition: Method != Method.Linear);
    }

    [GlobalCleanup]
    public void Cleanup() => _plan.Dispose();

    [Benchmark]
    public void Head() => _inputs.Run(_plan);
}
