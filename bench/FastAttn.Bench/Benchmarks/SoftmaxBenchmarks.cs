using BenchmarkDotNet.Attributes;
using FastAttn.Bench.Inputs;

namespace FastAttn.Bench.Benchmarks;

/// <summary>Exact softmax attention, one head, d = 64, one thread.</summary>
public class SoftmaxBenchmarks
{
    private HeadInputs _inputs = null!;

    [Params(512, 1024, 4096)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup() => _inputs = new HeadInputs(Length);

    [Benchmark]
    public void Head() => SoftmaxAttention.Forward(_inputs.Shape, _inputs.Query, _inputs.Key, _inputs.Value, _inputs.Output, _inputs.Bias, threads: 1);
}
