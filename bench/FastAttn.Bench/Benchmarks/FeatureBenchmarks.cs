using BenchmarkDotNet.Attributes;
using FastAttn.Attention;
using FastAttn.Bench.Inputs;
using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Bench.Benchmarks;

/// <summary>The feature stage: 4096 rows of 64 to features.</summary>
public unsafe class FeatureBenchmarks
{
    private const int Rows = 4096;
    private const int Dimension = 64;

    private FeatureStage _stage = null!;
    private AlignedBuffer _buffer = null!;
    private AlignedBuffer _scratch = null!;

    [Params(FeatureMap.Prf, FeatureMap.Trf, FeatureMap.Elu, FeatureMap.Relu, FeatureMap.Sikf, FeatureMap.Dpfp)]
    public FeatureMap Map { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _stage = Tiers.Visit(Tiers.Current, new StageForTier(Map));
        _buffer = new AlignedBuffer((Rows * (long)Dimension * sizeof(float)) + (Rows * 9L) + ((long)_stage.PaddedRows(Rows) * _stage.Stride * sizeof(float)) + 256);
        Clearing.Clear((float*)_buffer.Data, _buffer.Bytes / sizeof(float));
        Normal.Array(new Random(1), Rows * Dimension).CopyTo(new Span<float>(_buffer.Data, Rows * Dimension));
        var measuring = Arena.Measuring;
        Run(ref measuring);
        _scratch = new AlignedBuffer(measuring.Peak);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _buffer.Dispose();
        _scratch.Dispose();
    }

    [Benchmark]
    public void Features()
    {
        var arena = new Arena(_scratch.Data, _scratch.Bytes);
        Run(ref arena);
    }

    private void Run(ref Arena scratch)
    {
        var pieces = new Arena(_buffer.Data, _buffer.Bytes);
        float* rows = pieces.Take<float>(Rows * Dimension);
        RowState* states = pieces.Take<RowState>(Rows);
        double* scales = pieces.Take<double>(Rows);
        float* features = pieces.Take<float>((long)_stage.PaddedRows(Rows) * _stage.Stride);
        _stage.Map(new RowSource((nint)rows, Dimension, Rows, Dimension), RowRole.Query, 0, logarithmic: false, states, features, scales, Crew.Alone, ref scratch);
    }

    private sealed class StageForTier(FeatureMap map) : ITierVisitor<FeatureStage>
    {
        public FeatureStage Visit<TKernels>()
            where TKernels : struct, IKernels => FeatureMaps.Visit(map, nu: 1, isSigned: false, new StageForMap<TKernels>());
    }

    private sealed class StageForMap<TKernels> : IFeatureMapVisitor<FeatureStage>
        where TKernels : struct, IKernels
    {
        public FeatureStage Visit<TMap>(TMap map)
            where TMap : struct, IFeatureMap =>
            new FeatureStage<TKernels, TMap>(
                map, Dimension, TMap.Projects ? RandomProjection.Create(Dimension, Dimension) : null, TMap.NormalizesByDefault, TMap.DefaultScale(Dimension));
    }
}
