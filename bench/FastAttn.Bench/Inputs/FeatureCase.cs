using FastAttn.Attention;
using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Bench.Inputs;

/// <summary>The feature stage alone: rows ~ N(0, 1) to features, on one thread.</summary>
internal sealed unsafe class FeatureCase : IDisposable
{
    private readonly FeatureStage _stage;
    private readonly AlignedBuffer _buffer;
    private readonly AlignedBuffer _scratch;
    private readonly RowSource _rows;
    private readonly RowState* _states;
    private readonly double* _scales;
    private readonly float* _features;

    /// <param name="map">The map.</param>
    /// <param name="length">Rows.</param>
    /// <param name="dimension">Entries of a row.</param>
    /// <param name="features">Rows of the projection; maps without one ignore it.</param>
    public FeatureCase(FeatureMap map, int length, int dimension, int features)
        : this(new StageOfTier(map, dimension, features), length, dimension)
    {
    }

    /// <param name="draw">Maclaurin features.</param>
    /// <param name="length">Rows.</param>
    public FeatureCase(MaclaurinFeatures draw, int length)
        : this(new StageOfDraw(draw), length, draw.Dimension)
    {
    }

    private FeatureCase(ITierVisitor<FeatureStage> stages, int length, int dimension)
    {
        _stage = Tiers.Visit(Tiers.Current, stages);
        int padded = _stage.PaddedRows(length);
        _buffer = new AlignedBuffer((((long)length * dimension) + ((long)padded * _stage.Stride) + 64) * sizeof(float) + (length * (sizeof(double) + 1L)) + 256);
        var arena = new Arena(_buffer.Data, _buffer.Bytes);
        float* rows = arena.Take<float>((long)length * dimension);
        _features = arena.Take<float>((long)padded * _stage.Stride);
        _scales = arena.Take<double>(length);
        _states = arena.Take<RowState>(length);
        new Span<RowState>(_states, length).Clear();
        Normal.Array(new Random(1), (long)length * dimension).CopyTo(new Span<float>(rows, length * dimension));
        _rows = new RowSource((nint)rows, dimension, length, dimension);
        var measuring = Arena.Measuring;
        Map(ref measuring);
        _scratch = new AlignedBuffer(measuring.Peak);
    }

    public void Map()
    {
        var arena = new Arena(_scratch.Data, _scratch.Bytes);
        Map(ref arena);
        GC.KeepAlive(this);
    }

    public void Dispose()
    {
        _buffer.Dispose();
        _scratch.Dispose();
    }

    private void Map(ref Arena arena) =>
        _stage.Map(_rows, RowRole.Query, 0, logarithmic: false, _states, _features, _scales, Crew.Alone, ref arena);

    private sealed class StageOfTier(FeatureMap map, int dimension, int features) : ITierVisitor<FeatureStage>
    {
        public FeatureStage Visit<TKernels>()
            where TKernels : struct, IKernels => FeatureMaps.Visit(map, nu: 1, isSigned: false, new StageOfMap<TKernels>(dimension, features));
    }

    private sealed class StageOfDraw(MaclaurinFeatures draw) : ITierVisitor<FeatureStage>
    {
        public FeatureStage Visit<TKernels>()
            where TKernels : struct, IKernels => new MaclaurinStage<TKernels>(draw);
    }

    private sealed class StageOfMap<TKernels>(int dimension, int features) : IFeatureMapVisitor<FeatureStage>
        where TKernels : struct, IKernels
    {
        public FeatureStage Visit<TMap>(TMap map)
            where TMap : struct, IFeatureMap =>
            new FeatureStage<TKernels, TMap>(
                map, dimension, TMap.Projects ? RandomProjection.Create(features, dimension) : null, TMap.NormalizesByDefault, TMap.DefaultScale(dimension));
    }
}
