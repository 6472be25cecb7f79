using System.Numerics.Tensors;
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

    private readonly TMap _map;
    private readonly int _dimension;
    private readonly int _columns;
    private readonly bool _normalize;
    private readonly double _scale;
    private readonly ProjectionPanels<TKernels>? _panels;

    /// <param name="map">The map.</param>
    /// <param name="dimension">Head dimension d.</param>
    /// <param name="projection">W for maps that project, else null.</param>
    /// <param name="normalize">Whether rows are scaled to length one.</param>
    /// <param name="scale">Factor on un-normalised rows.</param>
    public FeatureStage(TMap map, int dimension, RandomProjection? projection, bool normalize, double scale)
    {
        _map = map;
        _dimension = dimension;
        _columns = projection?.Features ?? dimension;
        _normalize = normalize;
        _scale = scale;
        Stride = Padding.RoundUp(Features, TKernels.Lanes);
        if (projection is not null)
            _panels = new(projection.Values, projection.Heads, _columns, dimension, TMap.ProjectionFactor(_columns));
    }

    public override int Features => _columns * _map.FeaturesPerColumn;

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
        double* factors = arena.Take<double>((long)crew.Workers * BlockRows);
        if (!arena.IsMeasuring)
        {
            var blocks = new Blocks(this, rows, head, logarithmic, states, features, logScales, projected, exponents, norms, factors);
            crew.Run(blocks, (PaddedRows(rows.Count) + BlockRows - 1) / BlockRows);
        }

        arena.Release(mark);
    }

    /// <summary>
    /// Copies rows, scaled, and stores their states, the powers of two they still have to be multiplied by, and ½‖x‖² of each.
    /// Sums, factors and products are three loops: in one, a row would wait for the square root of its own sum.
    /// </summary>
    private void Load(RowSource rows, int first, int count, RowState* states, float* block, double* factors, int* exponents, double* norms)
    {
        // In float64: half of a large squared norm becomes an exponent, where a relative error is an absolute one. The sum is
        // finite if and only if every entry is, and zero only if all are.
        for (int r = 0; r < count; r++) norms[r] = states[r] == RowState.Masked ? 0 : WideSum.OfSquares(rows.Row(first + r), _dimension);
        if (_normalize) TensorPrimitives.ReciprocalSqrt(new ReadOnlySpan<double>(norms, count), new Span<double>(factors, count));
        else new Span<double>(factors, count).Fill(_scale);
        for (int r = 0; r < count; r++)
        {
            if (!double.IsFinite(norms[r]))
            {
                states[r] = RowState.NonFinite;
                norms[r] = 0;
            }

            factors[r] = Factor(norms[r], factors[r], out exponents[r], out norms[r]);
        }

        // Factors of zero belong to rows that may hold NaN, those beyond float32 to rows of tiny entries.
        float* ordinary = stackalloc float[BlockRows];
        for (int r = 0; r < count; r++) ordinary[r] = (float)factors[r];
        bool isWhole = _dimension % TKernels.Lanes == 0;
        if (isWhole) TKernels.ScaleRows(rows.Row(first), (nint)rows.Stride, count, _dimension, ordinary, block, _dimension);
        for (int r = 0; r < count; r++)
        {
            float* source = rows.Row(first + r), target = block + (r * _dimension);
            if (factors[r] is > 0 and < float.MaxValue)
            {
                if (!isWhole) TKernels.Scale(source, target, _dimension, ordinary[r]);
            }
            else if (factors[r] == 0) new Span<float>(target, _dimension).Clear();
            else
            {
                for (int i = 0; i < _dimension; i++) target[i] = (float)(source[i] * factors[r]);
            }
        }
    }

    /// <summary>What a row is multiplied by: <paramref name="factor"/>, zero for a row of zeros, less by a power of two for a row that is too large.</summary>
    private double Factor(double squares, double factor, out int exponent, out double halfSquaredNorm)
    {
        exponent = 0;
        halfSquaredNorm = 0;
        if (squares == 0) return 0;
        halfSquaredNorm = _normalize ? 0.5 : 0.5 * squares * _scale * _scale;
        if (_normalize || Math.Sqrt(squares) * factor is not (> LargeRow and double norm)) return factor;
        exponent = Math.ILogB(norm);
        return Math.ScaleB(factor, -exponent);
    }

    /// <summary>Writes <paramref name="padded"/> whole rows: projections or the rows themselves, and zeros beyond them.</summary>
    private void Project(float* block, int count, int padded, int head, float* features)
    {
        if (_panels is not null)
        {
            int wholeTiles = Padding.RoundUp(count, TKernels.RowTile);
            _panels.Multiply(block, wholeTiles, head, features, Stride);
            for (int r = 0; r < wholeTiles && _panels.PaddedCount < Stride; r++)
                new Span<float>(features + ((long)r * Stride) + _panels.PaddedCount, Stride - _panels.PaddedCount).Clear();
            new Span<float>(features + ((long)wholeTiles * Stride), (padded - wholeTiles) * Stride).Clear();
            return;
        }

        new Span<float>(features, padded * Stride).Clear();
        for (int r = 0; r < count; r++)
            new ReadOnlySpan<float>(block + (r * _dimension), _dimension).CopyTo(new Span<float>(features + ((long)r * Stride), _dimension));
    }

    /// <summary>Blocks of rows, the last ones perhaps of padding only.</summary>
    private readonly struct Blocks(
        FeatureStage<TKernels, TMap> stage, RowSource rows, int head, bool logarithmic, RowState* states, float* features, double* logScales,
        float* scratch, int* exponents, double* norms, double* factors) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = index * BlockRows, padded = Math.Min(BlockRows, stage.PaddedRows(rows.Count) - first);
            int count = Math.Clamp(rows.Count - first, 0, BlockRows), dimension = stage._dimension;
            float* block = scratch + ((long)worker * BlockRows * dimension), target = features + ((long)first * stage.Stride);
            int* exponent = exponents + (worker * BlockRows);
            double* norm = norms + (worker * BlockRows);
            stage.Load(rows, first, count, states + first, block, factors + (worker * BlockRows), exponent, norm);
            new Span<float>(block + (count * dimension), (BlockRows - count) * dimension).Clear();
            stage.Project(block, count, padded, head, target);
            if (!logarithmic) stage._map.Map<TKernels>(new FeatureRows(target, stage.Stride, count, stage._columns, exponent, norm, logScales + first));
            for (int r = 0; r < count; r++)
            {
                float* row = target + ((long)r * stage.Stride);
                if (states[first + r] != RowState.Kept)
                {
                    new Span<float>(row, stage.Stride).Clear();
                    logScales[first + r] = double.NegativeInfinity;
                }
                else if (logarithmic)
                {
                    logScales[first + r] = stage._map.MapLogarithm<TKernels>(row, stage._columns, exponent[r], norm[r]);
                }
            }
        }
    }
}
