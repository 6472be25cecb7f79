using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Features;

/// <summary>The feature stage of one tier and one map.</summary>
internal sealed unsafe class FeatureStage<TKernels, TMap> : FeatureStage
    where TKernels : struct, IKernels
    where TMap : struct, IFeatureMap
{
    private readonly TMap _map;
    private readonly int _dimension;
    private readonly int _columns;
    private readonly RowFactors _factors;
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
        _factors = new RowFactors(normalize, scale);
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
        RowSource rows, RowRole role, int head, bool logarithmic, RowState* states, float* features, double* logScales, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        RowBlock block = RowBlock.Take(crew.Workers * BlockRows, ref arena);
        float* converted = arena.Take<float>((long)crew.Workers * BlockRows * _dimension);
        float* copies = arena.Take<float>(_panels is null ? 0 : (long)crew.Workers * BlockRows * _dimension);
        if (!arena.IsMeasuring)
        {
            var blocks = new Blocks(this, rows, head, logarithmic, states, features, logScales, block, converted, copies);
            crew.Run(blocks, (PaddedRows(rows.Count) + BlockRows - 1) / BlockRows);
        }

        arena.Release(mark);
    }

    /// <summary>
    /// Writes <paramref name="padded"/> projected rows, zero beyond the data. Whole tiles of ordinary rows are read where they stand,
    /// others are copied; a row's bits are the same either way.
    /// </summary>
    private void Project(
        ProjectionPanels<TKernels> panels, FloatRows rows, int padded, int head, bool areOrdinary, in RowBlock block, float* copies, float* features)
    {
        int count = rows.Count;
        int wholeTiles = Padding.RoundUp(count, TKernels.RowTile), inPlace = areOrdinary ? count / TKernels.RowTile * TKernels.RowTile : 0;
        panels.Multiply(rows.Row(0), (nint)rows.Stride, inPlace, head, block.Factors, features, Stride);
        if (inPlace < wholeTiles)
        {
            RowBlock copied = block.From(inPlace);
            Copy(rows, inPlace, copied, copies, _dimension);
            new Span<float>(copies + ((count - inPlace) * _dimension), (wholeTiles - count) * _dimension).Clear();
            new Span<float>(copied.Factors + (count - inPlace), wholeTiles - count).Clear();
            panels.Multiply(copies, _dimension, wholeTiles - inPlace, head, copied.Factors, features + ((long)inPlace * Stride), Stride);
        }

        for (int r = 0; r < wholeTiles && panels.PaddedCount < Stride; r++)
            new Span<float>(features + ((long)r * Stride) + panels.PaddedCount, Stride - panels.PaddedCount).Clear();
        new Span<float>(features + ((long)wholeTiles * Stride), (padded - wholeTiles) * Stride).Clear();
    }

    /// <summary>Writes <paramref name="padded"/> whole rows for maps of the rows themselves, zero beyond the data.</summary>
    private void Scale(FloatRows rows, int padded, in RowBlock block, float* features)
    {
        new Span<float>(features, padded * Stride).Clear();
        Copy(rows, 0, block, features, Stride);
        TKernels.ScaleRows(features, Stride, rows.Count, _dimension, block.Factors, features, Stride);
    }

    /// <summary>Copies rows from <paramref name="first"/> on times their <see cref="RowBlock.CopyFactors"/>; those of factor zero may hold NaN.</summary>
    private void Copy(FloatRows rows, int first, in RowBlock block, float* target, int stride)
    {
        for (int r = 0; r < rows.Count - first; r++, target += stride)
        {
            float* source = rows.Row(first + r);
            double factor = block.CopyFactors[r];
            if (factor == 1) new ReadOnlySpan<float>(source, _dimension).CopyTo(new Span<float>(target, _dimension));
            else if (factor == 0) new Span<float>(target, _dimension).Clear();
            else
            {
                for (int i = 0; i < _dimension; i++) target[i] = (float)(source[i] * factor);
            }
        }
    }

    /// <summary>Blocks of rows, the last ones perhaps of padding only.</summary>
    private readonly struct Blocks(
        FeatureStage<TKernels, TMap> stage, RowSource rows, int head, bool logarithmic, RowState* states, float* features, double* logScales,
        RowBlock block, float* converted, float* copies) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = index * BlockRows, padded = Math.Min(BlockRows, stage.PaddedRows(rows.Count) - first);
            int count = Math.Clamp(rows.Count - first, 0, BlockRows);
            float* target = features + ((long)first * stage.Stride);
            RowBlock own = block.From(worker * BlockRows);
            long scratch = (long)worker * BlockRows * stage._dimension;
            FloatRows source = rows.Read(first, count, converted + scratch);
            bool areOrdinary = stage._factors.Find(source, states + first, own);
            if (stage._panels is null) stage.Scale(source, padded, own, target);
            else stage.Project(stage._panels, source, padded, head, areOrdinary, own, copies + scratch, target);
            if (!logarithmic) stage._map.Map<TKernels>(new FeatureRows(target, stage.Stride, count, stage._columns, own.Exponents, own.HalfSquaredNorms, logScales + first));
            for (int r = 0; r < count && (logarithmic || !areOrdinary); r++)
            {
                float* row = target + ((long)r * stage.Stride);
                if (states[first + r] != RowState.Kept)
                {
                    new Span<float>(row, stage.Stride).Clear();
                    logScales[first + r] = double.NegativeInfinity;
                }
                else if (logarithmic)
                {
                    logScales[first + r] = stage._map.MapLogarithm<TKernels>(row, stage._columns, own.Exponents[r], own.HalfSquaredNorms[r]);
                }
            }
        }
    }
}
