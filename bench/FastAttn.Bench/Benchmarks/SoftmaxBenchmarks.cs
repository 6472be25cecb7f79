using BenchmarkDotNet.Attributes;
using FastAttn.Bench.Inputs;

namespace FastAttn.Bench.Benchmarks;

/// <summary>Exact softmax attention, one head, d = 64, one thread.</summary>
public class SoftmaxBenchmarks
{
    private HeadInputs _inputs = null!;
    private SoftmaxAttention _attention = null!;

    [Params(512, 1024, 4096)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _inputs = new HeadInputs(Length);
        _attention = _inputs.Softmax();
    }

    [GlobalCleanup]
    public void Cleanup() => _attention.Dispose();

    [Benchmark]
    public void Head() => _inputs.Run(_attention);
}
