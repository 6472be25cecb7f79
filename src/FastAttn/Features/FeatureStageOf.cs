using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Features;

/// <summary>The feature stage of one tier and one map.</summary>
internal sealed unsafe class FeatureStage<TKernels, TMap> : FeatureStage
    where TKernels : struct, IKernels
    where TMap : struct, IFeatureMap
{
    /// <summary>Rows above 2^60 in size would overflow products of their entries.</summary>
    private const double LargeRow = 1.1529215e18;

    private readonly int _dimension;
    private readonly int _columns;
    private readonly int _paddedColumns;
    private readonly bool _normalize;
    private readonly double _scale;
    private readonly AlignedBuffer? _weights;

    /// <param name="dimension">Head dimension d.</param>
    /// <param name="projection">W for maps that project, else null.</param>
    /// <param name="normalize">Whether rows are scaled to length one.</param>
    /// <param name="scale">Factor on un-normalised rows.</param>
    public FeatureStage(int dimension, RandomProjection? projection, bool normalize, double scale)
    {
        Projection = projection;
        _dimension = dimension;
        _columns = projection?.Features ?? dimension;
        _paddedColumns = Padding.RoundUp(_columns, TKernels.Lanes);
        _normalize = normalize;
        _scale = scale;

        Stride = Padding.RoundUp(Features, TKernels.Lanes);
        if (projection is not null) _weights = Transpose(projection, TMap.ProjectionFactor(projection.Features));
    }

    public override RandomProjection? Projection { get; }

    public override int Features => _columns * TMap.FeaturesPerColumn;

    public override int Stride { get; }

    public override bool IsSigned => TMap.IsSigned;

    /// <summary>Rows mapped at a time: whole register tiles that stay in the first-level cache.</summary>
    private static int BlockRows => 8 * TKernels.RowTile;

    public override int PaddedRows(int rows) => Padding.RoundUp(Padding.RoundUp(rows, TKernels.RowTile), KernelShape.KeyTile);

    public override void Map(
        RowSource rows, int head, bool logarithmic, RowState* states, float* features, double* logScales, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        float* projected = arena.Take<float>((long)crew.Workers * BlockRows * _dimension);
        int* exponents = arena.Take<int>((long)crew.Workers * BlockRows);
        double* norms = arena.Take<double>((long)crew.Workers * BlockRows);
        if (!arena.IsMeasuring)
        {
            var blocks = new Blocks(this, rows, head, logarithmic, states, features, logScales, projected, exponents, norms);
            crew.Run(blocks, (PaddedRows(rows.Count) + BlockRows - 1) / BlockRows);
        }

        arena.Release(mark);
    }

    /// <summary>Copies one row, scaled; returns its state, the power of two it still has to be multiplied by, and ½‖x‖².</summary>
    private RowState Load(float* source, RowState state, float* target, out int exponent, out double halfSquaredNorm)
    {
        exponent = 0;
        halfSquaredNorm = 0;

        // In float64: half of a large squared norm becomes an exponent, where a relative error is an absolute one. The sum is
        // finite if and only if every entry is, and zero only if all are.
        double squares = state == RowState.Masked ? 0 : WideSum.OfSquares(source, _dimension);
        if (!double.IsFinite(squares))
        {
            state = RowState.NonFinite;
            squares = 0;
        }

        if (squares == 0)
        {
            new Span<float>(target, _dimension).Clear();
            return state;
        }

        double norm = Math.Sqrt(squares), factor = _normalize ? 1 / norm : _scale;
        if (!_normalize && norm * factor > LargeRow) exponent = Math.ILogB(norm * factor);
        if (exponent != 0) factor = Math.ScaleB(factor, -exponent);
        if (factor < float.MaxValue) TKernels.Scale(source, target, _dimension, (float)factor);
        else for (int i = 0; i < _dimension; i++) target[i] = (float)(source[i] * factor);
        halfSquaredNorm = _normalize ? 0.5 : 0.5 * squares * _scale * _scale;
        return state;
    }

    private void Project(float* block, int count, int head, float* features)
    {
        if (_weights is null)
        {
            for (int r = 0; r < count; r++)
                new ReadOnlySpan<float>(block + (r * _dimension), _dimension).CopyTo(new Span<float>(features + ((long)r * Stride), _dimension));
            return;
        }

        float* weights = (float*)_weights.Data + (Projection!.Heads == 1 ? 0 : (long)head * _dimension * _paddedColumns);
        TKernels.MultiplyAdd(
            Padding.RoundUp(count, TKernels.RowTile), _dimension, _paddedColumns, block, _dimension, weights, _paddedColumns, features, Stride);
    }

    /// <summary>W of every head as <c>[d, m]</c>, padded to whole vectors: the right operand of the projection.</summary>
    private AlignedBuffer Transpose(RandomProjection projection, double factor)
    {
        var buffer = new AlignedBuffer((long)projection.Heads * _dimension * _paddedColumns * sizeof(float));
        Clearing.Clear((float*)buffer.Data, buffer.Bytes / sizeof(float));
        ReadOnlySpan<float> values = projection.Values;
        float* target = (float*)buffer.Data;
        for (int row = 0; row < projection.Heads * _columns; row++)
        {
            (int head, int feature) = Math.DivRem(row, _columns);
            for (int i = 0; i < _dimension; i++)
                target[((((long)head * _dimension) + i) * _paddedColumns) + feature] = (float)(values[(row * _dimension) + i] * factor);
        }

        return buffer;
    }

    /// <summary>Blocks of rows, the last ones perhaps of padding only.</summary>
    private readonly struct Blocks(
        FeatureStage<TKernels, TMap> stage, RowSource rows, int head, bool logarithmic, RowState* states, float* features, double* logScales,
        float* scratch, int* exponents, double* norms) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = index * BlockRows, padded = Math.Min(BlockRows, stage.PaddedRows(rows.Count) - first);
            int count = Math.Clamp(rows.Count - first, 0, BlockRows), dimension = stage._dimension;
            float* block = scratch + ((long)worker * BlockRows * dimension), target = features + ((long)first * stage.Stride);
            int* exponent = exponents + (worker * BlockRows);
            double* norm = norms + (worker * BlockRows);
            new Span<float>(target, padded * stage.Stride).Clear();
            for (int r = 0; r < count; r++)
                states[first + r] = stage.Load(rows.Row(first + r), states[first + r], block + (r * dimension), out exponent[r], out norm[r]);
            new Span<float>(block + (count * dimension), (BlockRows - count) * dimension).Clear();
            stage.Project(block, count, head, target);
            for (int r = 0; r < count; r++)
            {
                float* row = target + ((long)r * stage.Stride);
                if (states[first + r] != RowState.Kept)
                {
                    new Span<float>(row, stage.Stride).Clear();
                    logScales[first + r] = double.NegativeInfinity;
                    continue;
                }

                logScales[first + r] = logarithmic
                    ? TMap.MapLogarithm<TKernels>(row, stage._columns, exponent[r], norm[r])
                    : TMap.Map<TKernels>(row, stage._columns, exponent[r], norm[r]);
            }
        }
    }
}
